import { LIMIT_DEFAULT, LIMIT_MAX, RANGE_DEFAULT, RANGE_MAX } from "shared/api/requests";

/**
 * What reads cost of the bucket of a network, about as they cost Redis and the way there: a rank is the measure of it,
 * a hundred entries of a top cost no more, and of every shard that is asked for neighbours `around` reads ten for it.
 */
export const RANK_PERMITS = 1;
/** Of a live stream that is opened, and of a document or an asset of a page, which has up to 400 KB. */
export const STREAM_PERMITS = 10;
export const DOCUMENT_PERMITS = 5;

const TOP_ENTRIES_PER_PERMIT = 100;
const AROUND_ENTRIES_PER_PERMIT = 10;
// A query beyond these is refused by the ranker.
const LIMIT = { missing: LIMIT_DEFAULT, max: LIMIT_MAX };
const RANGE = { missing: RANGE_DEFAULT, max: RANGE_MAX };

export const topPermits = (query: string): number =>
  Math.ceil(readCount(query, "limit", LIMIT) / TOP_ENTRIES_PER_PERMIT);

/** Reads `range` entries on either side. */
export const aroundPermits = (query: string): number =>
  RANK_PERMITS + Math.ceil((2 * readCount(query, "range", RANGE)) / AROUND_ENTRIES_PER_PERMIT);

function readCount(query: string, name: string, { missing, max }: { missing: number; max: number }): number {
  // A name may be written with percent signs, too.
  if (!query.includes(name) && !query.includes("%")) return missing;
  const count = Number(new URLSearchParams(query).get(name) ?? missing);
  return count >= 1 ? Math.min(count, max) : 1;
}
