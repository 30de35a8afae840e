import type { Shard } from "shared/model/regions";
import { isOpen, readFence } from "shared/stores/fenced-store";
import type { Stores } from "shared/stores/stores";

/**
 * For commands that write into Redis: one that is closed must not be written, or its clock would say that it is whole.
 *
 * @throws Error that names the first shard that is not open, and what to do
 */
export async function requireOpen(stores: Pick<Stores, "of">, shards: readonly Shard[]): Promise<void> {
  for (const { tag, region } of shards) {
    if (isOpen(await readFence(stores.of(region), tag))) continue;
    throw new Error(
      `${tag} is not open for writes: let a drainer compare it with PostgreSQL, or run bun run lb restore.`,
    );
  }
}
