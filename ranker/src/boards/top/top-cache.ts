import { LRUCache } from "lru-cache";
import type { BestView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import type { SharedBody } from "shared/http/reply";
import type { PageEnds } from "../pages/page.ts";
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
  /** How many entries were read, where there are as many. */
  limit: number;
  /** The most that were asked for since. */
  asked: number;
}

/** The best entries of a view, for all limits up to their number. */
export interface CachedList {
  kind: "list";
  /** The shards' tops that the list was merged from. */
  parts: readonly ShardTop[];
  entries: readonly Entry[];
  /** The same entries as the shards have them. */
  places: readonly ShardEntry[];
  /** Another for each change of the parts. */
  edition: number;
}

/** A view's top as it is answered: a list, cut at a limit. */
export interface CachedViewTop {
  kind: "view";
  /** Of the list. */
  edition: number;
  view: BestView;
  ends: PageEnds;
  /** The view with its cursors as JSON, from the first answer on. */
  body?: SharedBody;
}

type Cached = CachedShardTop | CachedList | CachedViewTop;

/**
 * Caches tops by name. A cached top is valid for one second from `start`, the time just before the
 * ranker read it.
 */
export type TopCache = LRUCache<string, Cached>;

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

/** A list keeps the tops of its shards alive, also those that the cache has dropped. */
function sizeOf(cached: Cached): number {
  if (cached.kind === "shard") return 1 + cached.top.entries.length;
  if (cached.kind === "view") return 1 + cached.view.entries.length;
  return cached.parts.reduce((size, { entries }) => size + entries.length, 1 + cached.entries.length);
}
