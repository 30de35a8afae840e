import { claimHomes } from "shared/homes/homes";
import { shardOf } from "shared/model/regions";
import { parseVisibility } from "shared/model/visibility";
import { erasedKey, visibilityKey } from "shared/redis/keys";
import { toErasedAt } from "../reconcile/oldest-queued.ts";
import { readErasuresOf } from "../rows/read-erasures.ts";
import type { Sides } from "../subjects/sides.ts";
import { BadLine } from "./bad-line.ts";
import type { FileEntry } from "./line-schema.ts";

/** An entry with the number of its line. */
export interface Numbered extends FileEntry {
  line: number;
}

export interface ScreenOptions {
  overwrites: boolean;
  /** Is told why a line is left out. */
  refuse: (line: number, fault: BadLine) => void;
}

/**
 * Leaves out players erased since the version of the line, and players of another home region. The
 * first line of a player without a home decides it. A name that an operator gave stands in place of
 * the line's.
 */
export async function screenEntries(
  { topology, stores, databases }: Sides,
  entries: readonly Numbered[],
  { overwrites, refuse }: ScreenOptions,
): Promise<{ known: Numbered[]; erased: number }> {
  const erasures = new Map<Numbered, string | null>();
  const given = new Map<Numbered, string>();
  for (const [shard, ofShard] of Map.groupBy(entries, (entry) => shardOf(topology, entry.region, entry.user_id))) {
    const ids = ofShard.map(({ user_id }) => user_id);
    const store = stores.of(shard.region);
    const [kept, seen] = await Promise.all([
      store.mget(ids.map((userId) => erasedKey(shard, userId))),
      store.hmget(visibilityKey(shard), ...ids),
    ]);
    ofShard.forEach((entry, index) => {
      erasures.set(entry, kept[index] ?? null);
      given.set(entry, parseVisibility(seen[index] ?? "")?.name || entry.name);
    });
  }
  const isErased = overwrites ? await readErasures(databases, entries) : () => false;
  let erased = 0;
  const standing = entries.filter((entry) => {
    if (toErasedAt(erasures.get(entry)) < Number(entry.updated_at) && !isErased(entry)) return true;
    erased++;
    return false;
  });
  const homes = await claimHomes({ topology, stores }, standing);
  const known = standing.flatMap((entry, index) => {
    const { line, region, name } = entry;
    const home = homes[index] ?? region;
    if (home === region) return [{ ...entry, name: given.get(entry) ?? name }];
    refuse(line, new BadLine(`region must be ${home}, the player's home`, ["region"]));
    return [];
  });
  return { known, erased };
}

/**
 * Reads the erasures in PostgreSQL, because the new version of an overwriting line would pass them.
 */
async function readErasures(databases: Sides["databases"], entries: readonly Numbered[]) {
  const erasedAt = new Map<string, number>();
  for (const [region, ofRegion] of Map.groupBy(entries, (entry) => entry.region)) {
    const ids = ofRegion.map(({ user_id }) => user_id);
    const rows = await readErasuresOf(databases.of(region), region, ids);
    for (const { user_id, erased_us } of rows) erasedAt.set(`${region} ${user_id}`, Number(erased_us));
  }
  return ({ region, user_id, updated_at }: Numbered) =>
    (erasedAt.get(`${region} ${user_id}`) ?? -1) >= Number(updated_at);
}
