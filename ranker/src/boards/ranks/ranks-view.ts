import type { Entry } from "shared/api/entries";
import type { Ties } from "shared/api/fields";
import type { RanksView } from "shared/api/reads/ranks";
import type { Board } from "shared/model/board";
import { type MissingRegions, toPartial } from "../groups/ask-groups.ts";
import type { Position } from "../shard-entry.ts";
import { isBetter } from "../ties.ts";

/** What was found of the players that a caller has asked for. */
export interface FoundRanks {
  view: string;
  total: number;
  entries: RanksView["entries"];
  /** Players who were not found. */
  rest: string[];
}

/** The places of players among themselves. @param players in rank order */
export function positionsOf(board: Board, players: readonly Position[], ties: Ties): number[] {
  let position = 1;
  return players.map((player, index) => {
    const before = players[index - 1];
    const isTied = before !== undefined && ties === "shared" && !isBetter(board, before, player);
    if (!isTied) position = index + 1;
    return position;
  });
}

export const toRanked = (entry: Entry, rank: number, position = 1): RanksView["entries"][number] =>
  Object.assign(entry, { rank, position });

/** A player who was not found while a region is missing may be there. */
export function toRanksView(
  { view, total, entries, rest }: FoundRanks,
  { missing, allowsPartial }: { missing: MissingRegions; allowsPartial: boolean },
): RanksView {
  const isWhole = missing.size === 0;
  const answer: RanksView = { region: view, total, entries, not_ranked: isWhole ? rest : [] };
  if (allowsPartial) answer.unknown = isWhole ? [] : rest;
  return Object.assign(answer, toPartial(missing, allowsPartial));
}
