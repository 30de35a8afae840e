/** A ring of the versions of the last acknowledged writes, by tag of their shard. */
export interface RecentWrites {
  add(tag: string, version: number): void;
  /** Counts the writes in a range. `isAtLeast`: the range begins before the ring does. */
  count(tag: string, range: { above: number; upTo: number }): { writes: number; isAtLeast: boolean };
}

// Some seconds of a busy ranker, as long as a replica may lag or a disk may go without a sync. 650
// KB.
const RECENT_MAX = 65_536;

export function createRecentWrites(max = RECENT_MAX): RecentWrites {
  const versions = new Float64Array(max);
  const tags = new Uint16Array(max);
  const indexes = new Map<string, number>();
  let added = 0;

  function indexOf(tag: string): number {
    const index = indexes.get(tag) ?? indexes.size;
    indexes.set(tag, index);
    return index;
  }

  return {
    add(tag, version) {
      versions[added % max] = version;
      tags[added % max] = indexOf(tag);
      added++;
    },
    count(tag, { above, upTo }) {
      const index = indexOf(tag);
      const kept = Math.min(added, max);
      let writes = 0;
      let oldest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < kept; i++) {
        const version = versions[i] ?? 0;
        oldest = Math.min(oldest, version);
        if (tags[i] === index && version > above && version <= upTo) writes++;
      }
      return { writes, isAtLeast: added > max && oldest > above };
    },
  };
}
