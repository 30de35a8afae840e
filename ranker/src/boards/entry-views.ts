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

/** The percentage of entries that a rank beats or equals, in two decimals: 100 for the first. */
export function toPercentile(rank: number, total: number): number {
  return Math.round((10_000 * (total - rank + 1)) / total) / 100;
}
