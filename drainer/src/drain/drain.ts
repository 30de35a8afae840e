import type { Versioned } from "shared/model/events";
import type { Database } from "shared/postgres/database";
import type { Tracing } from "shared/tracing/tracing";
import { dropDeadWhere } from "../dead/dead-events.ts";
import { erasedBy } from "../dead/erased-by.ts";
import type { Guard } from "../guard/guard.ts";
import type { Lease } from "../leases/lease.ts";
import { trimQueue } from "../queues/trim-queue.ts";
import type { EventBatch } from "./event-batch.ts";
import { growBatch, type QueueSource, readBatch } from "./read-ahead.ts";
import { traceCommits } from "./trace-commits.ts";
import { prepareUpsert, type WriteTarget, type Writing, type Written, writeBatch } from "./write-batch.ts";
import { writeBeside } from "./write-beside.ts";

export interface DrainOptions<E extends Versioned> extends QueueSource<E> {
  database: Database;
  lease: Pick<Lease, "hold" | "release">;
  /**
   * Returns the run of Redis that may be drained; absent where the caller has opened the store
   * itself.
   */
  guard?: Guard | undefined;
  tracing?: Tracing | undefined;
  now?: () => Date;
}

/** What one step found and did. */
export type Step =
  | { state: "held_elsewhere" | "empty" }
  /** `isTrimmed` is false where another drainer had trimmed the same events first. */
  | { state: "drained"; events: number; rows: number; refused: number; isTrimmed: boolean; isFull: boolean };

/**
 * Takes one batch from a queue to PostgreSQL.
 *
 * @throws what Redis or PostgreSQL throw; the events then stay queued
 */
export type Drain = () => Promise<Step>;

/**
 * One step moves one batch through these states:
 *
 *     claim        the lease is held, and the guard tells which run of Redis may be drained
 *     peek         the oldest events are read and folded to the newest event of each row,
 *                  unless the step before has read them ahead
 *     write        PostgreSQL upserts the rows
 *     read ahead   meanwhile the batch behind a full one is read, and grows until its turn;
 *                  or it is written beside (write-beside.ts)
 *     trim         Redis removes the batch, and puts refused events into the dead list
 *
 * A crash in any state repeats the batch, and a repeated batch changes nothing. At most one batch
 * is ahead. The drain gives it up on any error, without the lease, on another run of Redis, and
 * where the batch before was not trimmed. Writing a batch early is safe: it writes acknowledged
 * scores, under the same guard, and never over newer rows. Batches are trimmed in order, because
 * `trimQueue` compares both ends of the batch with the queue.
 */
export function createDrain<E extends Versioned>(options: DrainOptions<E>): Drain {
  const { redis, database, keys, kind, lease, guard, batchMax, tracing, now = () => new Date() } = options;
  let ahead: Writing<E> | undefined;
  /** Settles with the last write, which may go on although its batch was given up. */
  let lastWrite: Promise<unknown> | undefined;

  const toTarget = (run: string | undefined): WriteTarget => ({
    database,
    tag: keys.tag,
    origin: run === undefined ? undefined : { tag: keys.tag, run },
  });

  function started(batch: EventBatch<E>, written: Promise<Written>): Writing<E> {
    lastWrite = written.catch(() => {}); // thrown where it is awaited, unless the batch is given up
    return { batch, written };
  }

  async function peekAndWrite(run: string | undefined): Promise<Writing<E>> {
    await lastWrite;
    const batch = await readBatch(options, run, 0);
    const target = toTarget(run);
    return started(batch, writeBatch(batch, prepareUpsert(batch.newest, kind, target.origin), target));
  }

  /** @returns undefined where the next batch is short: it may have grown by the time of its turn */
  async function readAhead(writing: Writing<E>): Promise<Writing<E> | undefined> {
    const { batch, written } = writing;
    let isWritten = false;
    const onSettled = () => {
      isWritten = true;
    };
    written.then(onSettled, onSettled);
    const next = await readBatch(options, batch.run, batch.raws.length);
    if (next.raws.length < batchMax) return undefined;
    const target = toTarget(next.run);
    const beside = writeBeside(next, writing, target);
    if (beside !== undefined) return started(next, beside);
    await growBatch(options, next, batch.raws.length, () => isWritten);
    const statement = prepareUpsert(next.newest, kind, target.origin);
    await written;
    return started(next, writeBatch(next, statement, target));
  }

  async function trimBatch(batch: EventBatch<E>, written: Written) {
    const { raws, erasures, removals, unreadable, traced, peekedAtMs } = batch;
    const isErased = erasedBy(erasures, removals);
    const refused = unreadable.concat(written.refused).filter(({ raw }) => !isErased(raw));
    if (erasures.length + removals.length > 0) await dropDeadWhere(redis, keys, isErased);
    const isTrimmed = await trimQueue(redis, keys, raws, refused, now());
    if (tracing !== undefined && isTrimmed) {
      const dead = new Set(refused.map(({ raw }) => raw));
      const parents = traced.filter(({ raw }) => !dead.has(raw)).map(({ traceparent }) => traceparent);
      const committed = { parents, events: raws.length - refused.length };
      traceCommits(tracing, keys.tag, committed, (performance.now() - peekedAtMs) / 1000);
    }
    return { events: raws.length, rows: written.rows, refused: refused.length, isTrimmed };
  }

  return async () => {
    const fromLastStep = ahead;
    ahead = undefined;
    if (!(await lease.hold())) return { state: "held_elsewhere" };
    const run = await guard?.();
    const isOfRun = fromLastStep !== undefined && fromLastStep.batch.run === run;
    const writing = isOfRun ? fromLastStep : await peekAndWrite(run);
    const { batch, written } = writing;
    if (batch.raws.length === 0) return { state: "empty" };
    const isFull = batch.raws.length >= batchMax;
    // A failure ahead that lasts is thrown by the next step, which reads the batch again.
    const next = isFull ? await readAhead(writing).catch(() => undefined) : undefined;
    const done = await trimBatch(batch, await written);
    if (done.isTrimmed) ahead = next;
    return { state: "drained", ...done, isFull };
  };
}
