import { setTimeout as delay } from "node:timers/promises";
import { LIMIT_DEFAULT, LIMIT_MAX, RANGE_DEFAULT, RANGE_MAX } from "shared/api/boards";
import { BOARDS_OF_PLAYER_MAX } from "shared/api/reads/ranks";
import type { Handle } from "shared/http/serve";
import { type LimitedNetworks, limitedNetworks, toNetworkPolicies } from "shared/limits/limited-network";
import { type Bucket, type LimitResult, toBuckets, toRateLimitHeaders } from "shared/limits/policies";
import { createSyncedBuckets } from "shared/limits/synced-buckets";
import { networkBucketKeys } from "shared/redis/keys";
import { answerLimited, type LimitDeps } from "./limits.ts";

/** The cost of a read, taken from the bucket of the client's network. */
export interface ReadCost {
  /** Permits, by the query. */
  permitsOf: (query: string) => number;
  /**
   * Whether answers always tell the limit. The busiest routes tell it once less than half of a
   * bucket is left: to tell it always took 8 % of the rate of ranks at the gateway.
   */
  isAlwaysTold: boolean;
}

const TOP_ENTRIES_PER_PERMIT = 100;
/** Of a page that begins with a rank, which is looked for on all shards. */
const FROM_PERMITS = 1;
const AROUND_ENTRIES_PER_PERMIT = 10;
const RANK_PERMITS = 1;
/** Of the ranks of up to 200 players. */
const RANKS_PERMITS = 10;
/** Of a live stream that is opened. */
const STREAM_PERMITS = 10;
// The ranker refuses a query beyond these.
const LIMIT = { missing: LIMIT_DEFAULT, max: LIMIT_MAX };
const RANGE = { missing: RANGE_DEFAULT, max: RANGE_MAX };

/** Of a document or an asset of a page, which has up to 400 KB. */
export const DOCUMENT_COST: ReadCost = { permitsOf: () => 5, isAlwaysTold: true };
const RANK_COST: ReadCost = { permitsOf: () => RANK_PERMITS, isAlwaysTold: false };
const STREAM_COST: ReadCost = { permitsOf: () => STREAM_PERMITS, isAlwaysTold: true };
const AROUND_COST: ReadCost = {
  // Reads `range` entries on either side.
  permitsOf: (query) => RANK_PERMITS + Math.ceil((2 * readCount(query, "range", RANGE)) / AROUND_ENTRIES_PER_PERMIT),
  isAlwaysTold: false,
};

/**
 * Costs by operation, about as reads cost Redis and the way there. A rank is the measure; a hundred
 * entries of a top cost no more; of every shard that is asked for neighbours `around` reads ten for
 * a permit.
 */
const COSTS: Readonly<Record<string, ReadCost>> = {
  top: {
    permitsOf: (query) =>
      Math.ceil(readCount(query, "limit", LIMIT) / TOP_ENTRIES_PER_PERMIT) + (has(query, "from") ? FROM_PERMITS : 0),
    isAlwaysTold: false,
  },
  rank: RANK_COST,
  around: AROUND_COST,
  aroundScore: AROUND_COST,
  ranks: { permitsOf: () => RANKS_PERMITS, isAlwaysTold: true },
  playerBoards: { permitsOf: (query) => RANK_PERMITS * countBoards(query), isAlwaysTold: true },
  live: STREAM_COST,
  liveRank: STREAM_COST,
};

/** The cost of a read by its operation's id: that of a rank unless it has one of its own. */
export const costOf = (id: string): ReadCost => COSTS[id] ?? RANK_COST;

/** A name may be written with percent signs, too. */
const mayHave = (query: string, name: string) => query.includes(name) || query.includes("%");

const has = (query: string, name: string) => mayHave(query, name) && new URLSearchParams(query).has(name);

function readCount(query: string, name: string, { missing, max }: { missing: number; max: number }): number {
  if (!mayHave(query, name)) return missing;
  const count = Number(new URLSearchParams(query).get(name) ?? missing);
  return count >= 1 ? Math.min(count, max) : 1;
}

function countBoards(query: string): number {
  const boards = new URLSearchParams(query).get("boards") ?? "";
  return Math.min(boards.split(",").length, BOARDS_OF_PLAYER_MAX);
}

/** Puts the limit of reads before what answers one. */
export type LimitRead = (cost: ReadCost, answer: Handle) => Handle;

const TOLD_BELOW_SHARE = 0.5;
// A refusal costs the gateway as much as a rank. A client that asks again at once is slowed down to
// 20 a second for each of its connections, so that its refusals leave the gateway to others.
const REFUSAL_DELAY_MS = 50;

/**
 * Limits reads by the networks of the client. It decides in this process, so that a read waits for
 * no store.
 */
export function createReadLimit({
  limits,
  limiter,
  stores,
  onRateLimited,
}: Pick<LimitDeps, "limits" | "limiter" | "stores" | "onRateLimited">): LimitRead {
  const policies = toNetworkPolicies("read", limits.read);
  const synced = createSyncedBuckets({ limiter });
  const bucketsByNetworks = new WeakMap<LimitedNetworks, readonly Bucket[]>();

  function bucketsOf(address: string): readonly Bucket[] {
    const networks = limitedNetworks(address);
    const buckets = bucketsByNetworks.get(networks) ?? toBuckets(policies, networkBucketKeys("read", networks));
    bucketsByNetworks.set(networks, buckets);
    return buckets;
  }

  // Not async: an async wrapper costs one more promise for each read.
  return ({ permitsOf, isAlwaysTold }, answer) =>
    (incoming) => {
      const buckets = bucketsOf(incoming.client.address);
      const result = synced.take(stores.home, buckets, permitsOf(incoming.query));
      if (result.denied !== undefined) {
        onRateLimited(result.denied.policy.name);
        return refuseLater(buckets, result);
      }
      if (!isAlwaysTold && !isBelowShare(buckets, result)) return answer(incoming);
      return answerLimited(answer, incoming, { facts: {}, limited: toRateLimitHeaders(buckets, result) });
    };
}

/** @throws Problem `rate_limited` */
async function refuseLater(buckets: readonly Bucket[], result: LimitResult): Promise<never> {
  await delay(REFUSAL_DELAY_MS);
  toRateLimitHeaders(buckets, result);
  throw new Error("a denied read must be refused");
}

const isBelowShare = (buckets: readonly Bucket[], { remaining }: LimitResult) =>
  buckets.some(({ policy }, index) => (remaining[index] ?? 0) < policy.burst * TOLD_BELOW_SHARE);
