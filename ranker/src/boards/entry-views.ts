import type { MayBePartial, RankView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import { toIsoTime } from "shared/base/times";
import { parseRecord } from "shared/model/records";
import { type ShardEntry, userIdOf } from "./shard-entry.ts";

export function toEntry(entry: ShardEntry, rank: number): Entry {
  const { region, score } = entry;
  const { name, updatedAt } = parseRecord(entry.record);
  return { rank, user_id: userIdOf(entry), name, region, score, updated_at: toIsoTime(Number(updatedAt)) };
}

export function toRankView(self: ShardEntry, rank: number, total: number, partial: MayBePartial): RankView {
  return Object.assign(toEntry(self, rank), { rank, total, percentile: toPercentile(rank, total) }, partial);
}

const PERCENTILE_MIN = 0.01;
const PERCENTILE_MAX_BEHIND_THE_FIRST = 99.99;

/**
 * The percentage of entries that a rank beats or equals, in two decimals: 100 for the first alone,
 * and never 0, also where rounding would make it so.
 */
export function toPercentile(rank: number, total: number): number {
  if (rank === 1) return 100;
  const rounded = Math.round((10_000 * (total - rank + 1)) / total) / 100;
  return Math.min(PERCENTILE_MAX_BEHIND_THE_FIRST, Math.max(PERCENTILE_MIN, rounded));
}
