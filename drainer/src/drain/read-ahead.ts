import type { Versioned } from "shared/model/events";
import type { Redis } from "shared/redis/redis";
import { peekList } from "../queues/peek-list.ts";
import type { QueueKeys } from "../queues/queues.ts";
import { BATCH_BYTES_MAX, EventBatch } from "./event-batch.ts";
import type { EventKind } from "./event-kind.ts";

/** The queue that a drain reads. */
export interface QueueSource<E extends Versioned> {
  redis: Redis;
  keys: QueueKeys;
  kind: EventKind<E>;
  /** Events of one read. */
  batchMax: number;
}

/** A batch grows to the events of this many reads, as long as they are of few rows. */
const GROWN_READS_MAX = 8;
/** A batch grows no further once it has the rows of this many reads, which bounds the statement. */
const GROWN_ROWS_IN_READS = 2;

/** Reads a batch. @param behind events at the old end that the batch leaves out */
export async function readBatch<E extends Versioned>(
  { redis, keys, kind, batchMax }: QueueSource<E>,
  run: string | undefined,
  behind: number,
): Promise<EventBatch<E>> {
  const batch = new EventBatch(kind, run);
  batch.add(await peekList(redis, keys.queue, { count: batchMax, behind, bytesMax: BATCH_BYTES_MAX }));
  return batch;
}

/**
 * Adds the events behind a batch, read by read, until `isDue` or until a bound of the batch is
 * reached.
 */
export async function growBatch<E extends Versioned>(
  source: QueueSource<E>,
  batch: EventBatch<E>,
  behind: number,
  isDue: () => boolean,
): Promise<void> {
  while (!isDue() && hasRoom(batch, source.batchMax) && (await readOn(source, batch, behind)));
}

const hasRoom = <E extends Versioned>({ raws, newest, bytesLeft }: EventBatch<E>, batchMax: number): boolean =>
  raws.length < GROWN_READS_MAX * batchMax && newest.size < GROWN_ROWS_IN_READS * batchMax && bytesLeft > 0;

/** @returns whether the read was full, so that there may be more */
async function readOn<E extends Versioned>(
  { redis, keys, batchMax }: QueueSource<E>,
  batch: EventBatch<E>,
  behind: number,
): Promise<boolean> {
  // `trimQueue` compares the ends of the batch alone. So each read begins with the last
  // event of the read before: if that is still in its place, no event between the two reads is
  // missing.
  const at = { count: batchMax + 1, behind: behind + batch.raws.length - 1 };
  const [last, ...added] = await peekList(redis, keys.queue, { ...at, bytesMax: batch.bytesLeft });
  if (last === undefined || !batch.raws.at(-1)?.equals(last)) return false;
  batch.add(added);
  return added.length === batchMax;
}
