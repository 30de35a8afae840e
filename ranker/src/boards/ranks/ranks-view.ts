import type { Entry } from "shared/api/entries";
import type { Ties } from "shared/api/fields";
import type { RanksView } from "shared/api/reads/ranks";
import type { Board } from "shared/model/board";
import { type MissingRegions, toPartial } from "../groups/ask-groups.ts";
import type { Position } from "../shard-entry.ts";
import { isBetter } from "../ties.ts";

/** Whose ranks a caller has asked for, and how. */
export interface AskedRanks {
  view: string;
  board: Board;
  userIds: readonly string[];
  ties: Ties;
  allowsPartial: boolean;
}

/** What was found of these players. */
export interface FoundRanks {
  /** In rank order, each with the entry as an answer shows it. */
  players: readonly { at: Position; entry: Entry; rank: number }[];
  /** Entries of the view. */
  total: number;
  missing: MissingRegions;
}

/** A player who was not found while a region is missing may be there. */
export function toRanksView(
  { view, board, userIds, ties, allowsPartial }: AskedRanks,
  { players, total, missing }: FoundRanks,
): RanksView {
  const found = new Set(players.map(({ entry }) => entry.user_id));
  const rest = userIds.filter((userId) => !found.has(userId));
  const isWhole = missing.size === 0;
  let position = 1;
  const entries = players.map(({ at, entry, rank }, index) => {
    const before = players[index - 1];
    const isTied = before !== undefined && ties === "shared" && !isBetter(board, before.at, at);
    if (!isTied) position = index + 1;
    return Object.assign(entry, { rank, position });
  });
  const answer: RanksView = { region: view, total, entries, not_ranked: isWhole ? rest : [] };
  if (allowsPartial) answer.unknown = isWhole ? [] : rest;
  return Object.assign(answer, toPartial(missing, allowsPartial));
}
