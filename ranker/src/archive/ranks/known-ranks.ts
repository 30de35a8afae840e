import { inOrder } from "../../boards/shard-entry.ts";
import type { ArchivedEntry, Shelf } from "../archived-entry.ts";

/**
 * The ranks among all regions that follow from the rows of a page alone. The entries of a region
 * that are ahead of a row are at least those up to the last row of the region ahead of it, and at
 * most those ahead of the next one: mostly the same number. Where a player between the two was
 * hidden since, or a page begins, they may be different, and the rank is not known.
 *
 * @param found one shelf a region, with rows that were read
 */
export function knownRanks(found: readonly Shelf[]): Map<ArchivedEntry, number> {
  const shelves = found.map(({ total, entries }) => ({ total, entries: entries.toSorted(inOrder) }));
  const all = shelves.flatMap(({ entries }, shelf) => entries.map((entry) => ({ shelf, entry }))).sort(byOrder);
  const passed = shelves.map(() => 0);
  const known = new Map<ArchivedEntry, number>();
  for (const { shelf: own, entry } of all) {
    let rank: number | undefined = entry.rank;
    for (const [shelf, { entries, total }] of shelves.entries()) {
      if (shelf === own || rank === undefined) continue;
      const [last, next] = [entries[(passed[shelf] ?? 0) - 1], entries[passed[shelf] ?? 0]];
      const least = last === undefined ? 0 : last.rank - (last.isCounted ? 0 : 1);
      const most = next === undefined ? total : next.rank - 1;
      rank = least === most ? rank + least : undefined;
    }
    if (rank !== undefined) known.set(entry, rank);
    passed[own] = (passed[own] ?? 0) + 1;
  }
  return known;
}

const byOrder = (a: { entry: ArchivedEntry }, b: { entry: ArchivedEntry }) => inOrder(a.entry, b.entry);
