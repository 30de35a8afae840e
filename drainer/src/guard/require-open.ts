import type { Shard } from "shared/model/regions";
import { isOpen, readFence } from "shared/stores/fenced-store";
import type { Stores } from "shared/stores/stores";

/**
 * Keeps a command from writing to a closed Redis: the write would raise the clock, and a store with
 * lost data would look whole.
 *
 * @throws Error that names the first shard that is not open, and what to do
 */
export async function requireOpen(stores: Pick<Stores, "of">, shards: readonly Shard[]): Promise<void> {
  for (const { tag, region } of shards) {
    if (isOpen(await readFence(stores.of(region), tag))) continue;
    throw new Error(`${tag} is not open for writes: let a drainer compare it with PostgreSQL, or run ./lb restore.`);
  }
}
