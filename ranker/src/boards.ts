import type { AroundView, Entry, RankView, TopView } from "shared/answers";
import { Problem } from "shared/problems";
import type { Redis } from "shared/redis";
import { type Shard, shardsOfView, shardsThatMayHold, type Topology } from "shared/regions";
import { toIsoTime } from "shared/times";
import { ABOVE_EVERYBODY, type Position, readWindow, type ShardEntry, type Target, userIdOf } from "./window.ts";

/** Reads over the union of a view's shards, exact in the total order. A read never touches PostgreSQL. */
export interface Boards {
  /** The best `limit` entries. */
  top(view: string, board: string, limit: number): Promise<TopView>;
  /** @throws Problem `not_ranked` */
  rank(view: string, board: string, userId: string): Promise<RankView>;
  /** The player with up to `range` neighbours a side, refilled at the ends. @throws Problem `not_ranked` */
  around(view: string, board: string, userId: string, range: number): Promise<AroundView>;
  /** How many entries of the view stand ahead of a position, but for the shard that holds it. */
  countBefore(view: string, board: string, position: Position, holder: Shard): Promise<number>;
}

/** Total order of every answer; members are ASCII, so that strings compare as their bytes do. */
const inOrder = (a: Position, b: Position) => b.score - a.score || (a.member < b.member ? 1 : -1);

export function createBoards(topology: Topology, redisOf: (region: string) => Redis): Boards {
  const read = (shard: Shard, board: string, target: Target, range: number) =>
    readWindow(redisOf(shard.region), shard, board, target, range);

  /** Finds the player, then asks every other shard about that position. */
  async function locate(view: string, board: string, userId: string, range: number) {
    const candidates = shardsThatMayHold(topology, view, userId);
    const found = await Promise.all(candidates.map((shard) => read(shard, board, { userId }, range)));
    // A player has one home; should two shards hold one, the newer entry is the player's.
    const holders = found.flatMap((window, index) => (window.self === undefined ? [] : [{ index, self: window.self }]));
    const holder = holders.sort((a, b) => b.self.updatedAtUs - a.self.updatedAtUs)[0];
    if (holder === undefined) throw new Problem("not_ranked", `${userId} has no entry on board ${board} of ${view}.`);
    const home = candidates[holder.index];
    const others = shardsOfView(topology, view).filter((shard) => shard !== home);
    const rest = await Promise.all(others.map((shard) => read(shard, board, holder.self, range)));
    return { self: holder.self, windows: [...found.slice(holder.index, holder.index + 1), ...rest] };
  }

  return {
    async top(view, board, limit) {
      const shards = shardsOfView(topology, view);
      const windows = await Promise.all(shards.map((shard) => read(shard, board, ABOVE_EVERYBODY, limit)));
      const entries = windows.flatMap((window) => window.below).sort(inOrder);
      return {
        region: view,
        total: sum(windows, (window) => window.total),
        entries: entries.slice(0, limit).map((entry, index) => toEntry(entry, index + 1)),
      };
    },

    async rank(view, board, userId) {
      const { self, windows } = await locate(view, board, userId, 0);
      const rank = 1 + sum(windows, (window) => window.before ?? 0);
      const total = sum(windows, (window) => window.total);
      return { ...toEntry(self, rank), rank, total, percentile: toPercentile(rank, total) };
    },

    async around(view, board, userId, range) {
      // Each side is read twice as far as asked, so that it can make up for a short other side.
      const { self, windows } = await locate(view, board, userId, 2 * range);
      const isOther = (entry: ShardEntry) => userIdOf(entry) !== userId;
      const above = windows
        .flatMap((window) => window.above)
        .filter(isOther)
        .sort(inOrder);
      const below = windows
        .flatMap((window) => window.below)
        .filter(isOther)
        .sort(inOrder);
      const takeAbove = Math.min(above.length, range + Math.max(0, range - below.length));
      const takeBelow = Math.min(below.length, 2 * range - takeAbove);
      const rank = 1 + sum(windows, (window) => window.before ?? 0);
      const nearest = above.slice(above.length - takeAbove);
      return {
        region: view,
        total: sum(windows, (window) => window.total),
        self: toEntry(self, rank),
        around: [
          ...nearest.map((entry, index) => toEntry(entry, rank - takeAbove + index)),
          ...below.slice(0, takeBelow).map((entry, index) => toEntry(entry, rank + 1 + index)),
        ],
      };
    },

    async countBefore(view, board, position, holder) {
      const others = shardsOfView(topology, view).filter((shard) => shard !== holder);
      const windows = await Promise.all(others.map((shard) => read(shard, board, position, 0)));
      return sum(windows, (window) => window.before ?? 0);
    },
  };
}

/**
 * The share of entries, in percent, that an entry is ahead of or level in rank with: 100 for the first, and never 0.
 * Two decimals.
 */
export function toPercentile(rank: number, total: number): number {
  return Math.round((10_000 * (total - rank + 1)) / total) / 100;
}

const sum = <T>(items: readonly T[], value: (item: T) => number) =>
  items.reduce((total, item) => total + value(item), 0);

function toEntry(entry: ShardEntry, rank: number): Entry {
  const { name, region, score } = entry;
  return { rank, user_id: userIdOf(entry), name, region, score, updated_at: toIsoTime(entry.updatedAtUs) };
}
