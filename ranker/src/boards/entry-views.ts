import type { MayBePartial, RankView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import { toIsoTime } from "shared/base/times";
import { parseDetails } from "shared/entries/details";
import { fromRankedScore } from "shared/entries/ranked-score";
import { parseRecord } from "shared/entries/records";
import { subOfPlace } from "shared/entries/sub-score";
import { tierOf } from "shared/entries/tiers";
import { parseAsSpelled } from "shared/http/exact-json";
import type { Board } from "shared/model/board";
import type { SeasonFields } from "../seasons/season-fields.ts";
import type { Position, ShardEntry } from "./shard-entry.ts";

/** @param total entries of the view */
export function toEntry(board: Board, entry: ShardEntry, rank: number, total: number): Entry {
  const { name, updatedAt } = parseRecord(entry.record);
  const { score, member, userId, region, details } = entry;
  return toView(board, { score, member, userId, region, details, rank, total, name, updatedAt: Number(updatedAt) });
}

/** What an answer says of an entry. */
export interface Viewed extends Position {
  userId: string;
  region: string;
  name: string;
  /** Null for a hidden player, or where the rank could not be read. */
  rank: number | null;
  /** Entries of the view. */
  total: number;
  /** Microseconds. */
  updatedAt: number;
  /** As the hash of details has it; undefined where it was not read. */
  details?: string | null | undefined;
}

export function toView(board: Board, viewed: Viewed): Entry {
  const { rank, total, userId: user_id, name, region, details } = viewed;
  const score = fromRankedScore(board, viewed.score);
  const updated_at = toIsoTime(viewed.updatedAt);
  const entry: Entry = { rank, user_id, name, region, score, updated_at };
  if (board.sub !== null) entry.sub = subOfPlace(board.sub, viewed.member);
  if (board.tiers !== null) {
    entry.tier = rank === null ? null : tierOf(board.tiers, { rank, total, score }, board.order === "asc");
  }
  if (details !== undefined) entry.metadata = toMetadata(parseDetails(details).metadata);
  return entry;
}

/** Metadata as answers show it: numbers stay as the client has spelled them. */
export const toMetadata = (text: string | null): Record<string, unknown> | null =>
  text === null ? null : (parseAsSpelled(text) as Record<string, unknown>);

/** @param entry of the player, shown at that rank */
export function toRankView(
  entry: Entry,
  { rank, total }: { rank: number; total: number },
  more: MayBePartial & SeasonFields,
): RankView {
  return Object.assign(entry, { rank, total, percentile: toPercentile(rank, total) }, more);
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
