import { setTimeout as delay } from "node:timers/promises";
import type { Shard } from "shared/model/regions";
import { clockKey, queueKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { readAhead } from "../command/in-flight.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";
import { type EntryRow, readBoardEntries } from "../rows/read-entries.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";
import type { Sides } from "../subjects/sides.ts";

export interface ExportOptions {
  board: string;
  regions: readonly string[];
  /** Milliseconds that the drainer may take to write the scores acknowledged before the export. */
  waitMs: number;
  /** Ends the export, also while it waits. */
  signal?: AbortSignal;
}

const PAGE_ROWS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Reads the visible entries of a board, page by page: each entry acknowledged before the call once,
 * in its state before or after a concurrent write. Reads PostgreSQL along its key: a scan of a
 * ranking would miss players who move backwards.
 *
 * @throws Error when the drainer is not that far in time; the reason of `signal`; what Redis or
 *   PostgreSQL throw
 */
export async function* exportBoard(sides: Sides, options: ExportOptions): AsyncGenerator<EntryRow[]> {
  const { topology, stores, databases } = sides;
  const { board, regions, waitMs, signal } = options;
  const shards = topology.shards.filter(({ region }) => regions.includes(region));
  const endsAt = performance.now() + waitMs;
  await Promise.all(shards.map((shard) => awaitDrained(stores.of(shard.region), shard, { endsAt, signal })));
  const readPart = (region: string) =>
    readBoardEntries(databases.of(region), { board, region, from: "visible_leaderboard" }, PAGE_ROWS);
  for (const region of regions) {
    for await (const page of readAhead(readPart(region))) {
      signal?.throwIfAborted();
      yield page.filter(isSoundEntry);
    }
  }
}

/** Waits until all writes that a shard has acknowledged so far have left its queue. */
async function awaitDrained(
  redis: Redis,
  shard: Shard,
  { endsAt, signal }: { endsAt: number; signal: AbortSignal | undefined },
): Promise<void> {
  const latest = Number((await redis.get(clockKey(shard))) ?? 0);
  for (;;) {
    signal?.throwIfAborted();
    const { oldestWaiting } = toMoment(await redis.lindex(queueKey(shard), -1), null, "0");
    if (oldestWaiting > latest) return;
    if (performance.now() > endsAt) {
      const waiting = await redis.llen(queueKey(shard));
      throw new Error(`${waiting} events of ${shard.tag} wait for PostgreSQL: is a drainer running? (./lb queue)`);
    }
    await delay(LOOK_EVERY_MS);
  }
}
