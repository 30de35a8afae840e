import type { Databases } from "shared/postgres/databases";
import { readFence } from "shared/stores/fenced-store";
import type { Stores } from "shared/stores/stores";
import type { Drain } from "../drain/drain.ts";
import { createQueueDrains, type QueueDrain } from "../drain/queue-drains.ts";
import { type StorePlace, toRun } from "../guard/close-and-reopen.ts";
import { readGuarded, setRun } from "../guard/guarded-stores.ts";
import { unshared } from "../leases/lease.ts";
import type { Move } from "./move-entries.ts";

export interface OldQueuesOptions {
  stores: Stores;
  databases: Databases;
  batchMax: number;
}

/** Drains the events that wait now in the old queues. */
export async function drainWaiting(options: OldQueuesOptions, move: Move): Promise<void> {
  // A database that is away ends the move before the fence, even where all queues are empty.
  await options.databases.of(move.region).run((sql) => sql`SELECT 1`);
  for (const { keys, drain } of oldQueues(options, move)) {
    await drainEvents(drain, move, await move.redis.llen(keys.queue));
  }
}

/** Drains the old queues to their end, once writes are fenced off. */
export async function drainAll(options: OldQueuesOptions, move: Move): Promise<void> {
  for (const { drain } of oldQueues(options, move)) await drainEvents(drain, move, Number.POSITIVE_INFINITY);
}

async function drainEvents(drain: Drain, { onPage }: Move, events: number): Promise<void> {
  for (let waiting = events; waiting > 0; ) {
    const step = await drain();
    if (step.state !== "drained") return;
    waiting -= step.events;
    await onPage();
  }
}

function oldQueues({ stores, databases, batchMax }: OldQueuesOptions, { region, from, to }: Move): QueueDrain[] {
  return createQueueDrains({
    sides: { topology: { ...to, shards: from }, stores, databases },
    regions: [region],
    hasAccounts: false,
    batchMax,
    toLease: () => unshared,
    toGuard(place) {
      let run: Promise<string> | undefined;
      return () => {
        run ??= admitRun(place);
        return run;
      };
    },
  });
}

/**
 * Has PostgreSQL admit the batches of an open shard, as it does for a drainer.
 *
 * @returns the run of Redis
 */
async function admitRun({ redis, tag, database }: StorePlace): Promise<string> {
  const store = await readFence(redis, tag);
  const run = toRun(store);
  const guarded = await readGuarded(database, tag);
  // A move that was killed near its end has deleted the fence; then the queue is empty.
  const origin = guarded?.origin ?? store.fence?.origin;
  if (origin !== undefined && guarded?.run !== run) await setRun(database, tag, { origin, run });
  return run;
}
