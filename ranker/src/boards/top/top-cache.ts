import { LRUCache } from "lru-cache";
import type { TopView } from "shared/api/boards";
import type { SharedBody } from "shared/http/reply";
import type { ShardEntry } from "../shard-entry.ts";

/** The best entries of one shard, in rank order. */
export interface ShardTop {
  /** Entries of the shard. */
  readonly total: number;
  readonly entries: readonly ShardEntry[];
}

/** A shard's top, with the shard's clock when it was read. */
export interface CachedShardTop {
  kind: "shard";
  clock: string;
  top: ShardTop;
}

/** A view's top, with the shards' tops that it was merged from. */
export interface CachedViewTop {
  kind: "view";
  parts: readonly ShardTop[];
  view: TopView;
  /** The view as JSON, from the first answer on. */
  body?: SharedBody;
}

/**
 * Caches tops by name. A cached top is valid for one second from `start`, the time just before the
 * ranker read it.
 */
export type TopCache = LRUCache<string, CachedShardTop | CachedViewTop>;

// Bounds the age of a top to one second. Without this, a lagging replica that becomes primary could
// repeat a clock, and an old top would look unchanged.
const TOP_TTL_MS = 1_000;
/** Entries in all tops together, some 200 bytes each. A top counts as one entry more. */
export const CACHED_ENTRIES_MAX = 100_000;

/** @param nowMs a monotonic clock that never reads 0 */
export function createTopCache(nowMs = () => performance.now()): TopCache {
  return new LRUCache({
    maxSize: CACHED_ENTRIES_MAX,
    sizeCalculation: sizeOf,
    ttl: TOP_TTL_MS,
    ttlResolution: 0,
    ttlAutopurge: true,
    perf: { now: nowMs },
  });
}

/** A view keeps the tops of its shards alive, also those that the cache has dropped. */
function sizeOf(cached: CachedShardTop | CachedViewTop): number {
  if (cached.kind === "shard") return 1 + cached.top.entries.length;
  return cached.parts.reduce((size, { entries }) => size + entries.length, 1 + cached.view.entries.length);
}
