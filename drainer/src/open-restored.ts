import { putFence, readFence } from "shared/fenced-store";
import { ACCOUNTS_TAG } from "shared/keys";
import type { Redis } from "shared/redis";
import type { Database } from "./database.ts";
import { readGuarded, setRun } from "./guarded-stores.ts";
import { judgeStore } from "./judge-store.ts";
import type { Sides } from "./subjects.ts";

/**
 * Opens all stores that a restore has made whole, as a drainer does after its own; those that are open stay as they are.
 *
 * @throws Error where a store was restarted meanwhile, or holds another deployment's data
 */
export async function openRestored({ topology, stores, databases }: Sides): Promise<void> {
  await openStore(stores.home, databases.home, ACCOUNTS_TAG);
  for (const { tag, region } of topology.shards) await openStore(stores.of(region), databases.of(region), tag);
}

async function openStore(redis: Redis, database: Database, tag: string): Promise<void> {
  const [store, guarded] = [await readFence(redis, tag), await readGuarded(database, tag)];
  const verdict = judgeStore(store, guarded, true);
  if (verdict === "open") return;
  if (verdict === "foreign") throw new Error(`Redis has the data of another deployment for ${tag}: empty it first.`);
  if (store.run === undefined) throw new Error("Redis has not told its run yet.");
  const origin = store.fence?.origin ?? guarded?.origin ?? crypto.randomUUID();
  const kept = Math.max(store.clock ?? 0, guarded?.newest ?? 0);
  await setRun(database, tag, { origin, run: store.run });
  const isPut = await putFence(redis, tag, store, { origin, kept, run: store.run }, { raises: verdict === "lost" });
  if (!isPut) throw new Error(`Redis changed while ${tag} was opened: run it again.`);
}
