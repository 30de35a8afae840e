import type { Database } from "shared/postgres/database";
import type { Redis } from "shared/redis/redis";
import { formatFence } from "shared/stores/fence";
import { type FencedStore, putFence, readFence } from "shared/stores/fenced-store";
import { hasAnyRows, readGuarded, setRun } from "./guarded-stores.ts";
import { type Guarded, judgeStore } from "./judge-store.ts";

/** A ranker or another drainer has put a fence meanwhile: the store has to be judged again. */
export class StoreChanged extends Error {
  constructor(tag: string) {
    super(`Redis changed while ${tag} was judged.`);
    this.name = "StoreChanged";
  }
}

/** The run that answered. @throws Error where Redis has not told it yet */
export function toRun({ run }: FencedStore): string {
  if (run === undefined) throw new Error("Redis has not told its run yet: try again.");
  return run;
}

/** The store of a shard, or of the accounts, in Redis and in PostgreSQL. */
export interface StorePlace {
  redis: Redis;
  database: Database;
  /** Tag of the shard, or `accounts`. */
  tag: string;
}

/** Reads what PostgreSQL knows of a store, and judges it. */
export async function judgePlace({ database, tag }: StorePlace, store: FencedStore) {
  const guarded = await readGuarded(database, tag);
  const hasRows = guarded === undefined && (await hasAnyRows(database, tag));
  return { guarded, verdict: judgeStore(store, guarded, { hasRows }) };
}

/** A store that no ranker reads or writes until it is restored. */
export interface ClosedStore {
  origin: string;
  run: string;
  /** Versions up to this one (µs) are in Redis or in PostgreSQL. */
  keptVersion: number;
}

/**
 * Closes a store that lost data, and makes PostgreSQL refuse batches that a drainer read from it
 * before.
 *
 * @throws StoreChanged; Error where the run of Redis is not known yet
 */
export async function closeStore(
  { redis, database, tag }: StorePlace,
  store: FencedStore,
  guarded: Guarded | undefined,
): Promise<ClosedStore> {
  const run = toRun(store);
  const origin = guarded?.origin ?? store.fence?.origin ?? crypto.randomUUID();
  const keptBefore = store.fence?.run === undefined ? (store.fence?.keptVersion ?? 0) : 0;
  const keptVersion = Math.max(store.clock ?? 0, guarded?.newest ?? 0, keptBefore);
  if (store.text !== formatFence({ origin, keptVersion, from: keptVersion })) {
    const isPut = await putFence(redis, tag, store, { origin, keptVersion }, { raises: false });
    if (!isPut) throw new StoreChanged(tag);
  }
  await setRun(database, tag, { origin, run });
  // `setRun` makes PostgreSQL refuse batches of the lost store. A batch may have committed just
  // before, so the newest version is read again.
  const newest = (await readGuarded(database, tag))?.newest ?? 0;
  return { origin, run, keptVersion: Math.max(keptVersion, newest) };
}

/**
 * Opens a restored store, with its clock above every version that was ever given out. A store that
 * another service has opened meanwhile stays as it is.
 *
 * @throws Error where Redis was restarted since the store was closed: then it has to be judged
 *   again
 */
export async function openRestored(
  { redis, tag }: StorePlace,
  { origin, run, keptVersion }: ClosedStore,
): Promise<void> {
  const store = await readFence(redis, tag);
  if (store.run !== run) throw new Error(`Redis was restarted while ${tag} was restored.`);
  if (store.fence?.run === run) return;
  const isPut = await putFence(redis, tag, store, { origin, keptVersion, run }, { raises: true });
  if (!isPut) throw new StoreChanged(tag);
}
