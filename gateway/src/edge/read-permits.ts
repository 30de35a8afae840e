import { LIMIT_DEFAULT, LIMIT_MAX, RANGE_DEFAULT, RANGE_MAX } from "shared/api/boards";

/** The cost of a read, taken from the bucket of the client's network. */
export interface ReadCost {
  /** Permits, by the query. */
  permitsOf: (query: string) => number;
  /**
   * Whether answers always tell the limit. The busiest routes tell it once less than half of a bucket is left: to tell
   * it always took 8 % of the rate of ranks at the gateway.
   */
  isAlwaysTold: boolean;
}

const TOP_ENTRIES_PER_PERMIT = 100;
const AROUND_ENTRIES_PER_PERMIT = 10;
const RANK_PERMITS = 1;
/** Of a live stream that is opened. */
const STREAM_PERMITS = 10;
// The ranker refuses a query beyond these.
const LIMIT = { missing: LIMIT_DEFAULT, max: LIMIT_MAX };
const RANGE = { missing: RANGE_DEFAULT, max: RANGE_MAX };

/** Of a document or an asset of a page, which has up to 400 KB. */
export const DOCUMENT_COST: ReadCost = { permitsOf: () => 5, isAlwaysTold: true };
const RANK_COST: ReadCost = { permitsOf: () => RANK_PERMITS, isAlwaysTold: false };
const STREAM_COST: ReadCost = { permitsOf: () => STREAM_PERMITS, isAlwaysTold: true };

/**
 * Costs by operation, about as reads cost Redis and the way there. A rank is the measure; a hundred entries of a top
 * cost no more; of every shard that is asked for neighbours `around` reads ten for a permit.
 */
const COSTS: Readonly<Record<string, ReadCost>> = {
  top: {
    permitsOf: (query) => Math.ceil(readCount(query, "limit", LIMIT) / TOP_ENTRIES_PER_PERMIT),
    isAlwaysTold: false,
  },
  rank: RANK_COST,
  around: {
    // Reads `range` entries on either side.
    permitsOf: (query) => RANK_PERMITS + Math.ceil((2 * readCount(query, "range", RANGE)) / AROUND_ENTRIES_PER_PERMIT),
    isAlwaysTold: false,
  },
  live: STREAM_COST,
  liveRank: STREAM_COST,
};

/** The cost of a read by its operation's id: that of a rank unless it has one of its own. */
export const costOf = (id: string): ReadCost => COSTS[id] ?? RANK_COST;

function readCount(query: string, name: string, { missing, max }: { missing: number; max: number }): number {
  // A name may be written with percent signs, too.
  if (!query.includes(name) && !query.includes("%")) return missing;
  const count = Number(new URLSearchParams(query).get(name) ?? missing);
  return count >= 1 ? Math.min(count, max) : 1;
}
