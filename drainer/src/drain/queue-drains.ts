import type { Versioned } from "shared/model/events";
import type { Database } from "shared/postgres/database";
import type { Redis } from "shared/redis/redis";
import type { Tracing } from "shared/tracing/tracing";
import type { StorePlace } from "../guard/close-and-reopen.ts";
import type { Guard } from "../guard/guard.ts";
import type { Lease } from "../leases/lease.ts";
import { accountQueue, type QueueKeys, scoreQueuesOf } from "../queues/queues.ts";
import { accountEvents } from "../rows/upsert-accounts.ts";
import { scoreEvents } from "../rows/upsert-scores.ts";
import type { Sides } from "../subjects/sides.ts";
import { createDrain, type Drain } from "./drain.ts";
import type { EventKind } from "./event-kind.ts";

/** A queue with what drains it. */
export interface QueueDrain {
  keys: QueueKeys;
  redis: Redis;
  database: Database;
  /** Of the shard; undefined for the accounts. */
  region: string | undefined;
  lease: Lease;
  drain: Drain;
}

export interface QueueDrainsOptions {
  sides: Sides;
  /** Regions whose queues are drained. */
  regions: readonly string[];
  hasAccounts: boolean;
  batchMax: number;
  toLease: (redis: Redis, keys: QueueKeys) => Lease;
  /** Returns undefined where the caller opens the stores itself. */
  toGuard: (place: StorePlace, lease: Lease) => Guard | undefined;
  tracing?: Tracing | undefined;
}

/** Wires the drain of each queue of these regions, and of the accounts' queue. */
export function createQueueDrains(options: QueueDrainsOptions): QueueDrain[] {
  const { sides, regions, hasAccounts, batchMax, toLease, toGuard, tracing } = options;
  const { topology, stores, databases } = sides;

  function toQueueDrain<E extends Versioned>(
    keys: QueueKeys,
    kind: EventKind<E>,
    place: Pick<QueueDrain, "redis" | "database" | "region">,
  ): QueueDrain {
    const { redis, database, region } = place;
    const lease = toLease(redis, keys);
    const guard = toGuard({ redis, database, tag: keys.tag }, lease);
    const drain = createDrain({ redis, database, keys, kind, lease, guard, batchMax, tracing });
    return { keys, redis, database, region, lease, drain };
  }

  const drains = scoreQueuesOf(topology)
    .filter(({ region }) => regions.includes(region))
    .map((keys) => {
      const { region } = keys;
      return toQueueDrain(keys, scoreEvents, { redis: stores.of(region), database: databases.of(region), region });
    });
  const home = { redis: stores.home, database: databases.home, region: undefined };
  if (hasAccounts) drains.push(toQueueDrain(accountQueue, accountEvents, home));
  return drains;
}
