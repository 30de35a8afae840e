import { type CallOptions, LeaderboardError } from "leaderboard-client";
import type { TopView } from "shared/api/boards";
import type { SeasonsView } from "shared/api/seasons";
import { client, oneTry, serverClock } from "../client.ts";
import type { Place } from "../navigation.ts";

/** A season of a board, as the server lists it. */
export type ListedSeason = SeasonsView["seasons"][number];

/** A part of the list of a board's seasons, the newest first. */
export interface SeasonPage {
  seasons: readonly ListedSeason[];
  /** The cursor of the next part; undefined after the last. */
  next: string | undefined;
}

const PAGE_SEASONS = 50;

/** Reads a part of the list, the first one without a cursor. @throws LeaderboardError */
export async function readSeasons(board: string, cursor: string | undefined): Promise<SeasonPage> {
  const { seasons, next } = await client.listSeasons(board, { cursor, limit: PAGE_SEASONS });
  return { seasons, next: next ?? undefined };
}

/** The season of an address as reads name it; undefined for the one that runs. */
export const toSeasonQuery = ({ season }: Pick<Place, "season">): "previous" | number | undefined => {
  if (season === "") return undefined;
  return season === "previous" ? season : Number(season);
};

/** A season that does not run, with its best entries while it has any. */
export interface PastSeason {
  season: ListedSeason;
  top: TopView | undefined;
}

/**
 * Reads a season of the address, and its best `limit` entries. Where the archives are away, a
 * season that is not archived yet is there all the same.
 *
 * @throws LeaderboardError `season_not_found`, `archives_unavailable` and what `top` refuses with
 */
export async function readPast(place: Place, limit: number, options: CallOptions): Promise<PastSeason> {
  const { region, board } = place;
  const name = toSeasonQuery(place) ?? "current";
  const readTop = (season: SeasonName) => oneTry.top({ region, board, season, limit }, options);
  const season = await oneTry.readSeason(board, name, options).catch((error: unknown) => {
    if (!(error instanceof LeaderboardError) || error.code !== "archives_unavailable") throw error;
  });
  if (season === undefined) return ofTop(await readTop(name));
  const isRead = season.state === "closing" || season.state === "incomplete" || season.state === "final";
  // The state is the older of the two: where it is final, so are the entries.
  return { season, top: isRead ? await readTop(season.season) : undefined };
}

type SeasonName = "current" | "previous" | number;

function ofTop(top: TopView): PastSeason {
  const { season = 0, starts_at = null, ends_at = null, total } = top;
  const isOver = ends_at !== null && Date.parse(ends_at) <= serverClock.nowMs();
  return { season: { season, state: isOver ? "closing" : "running", starts_at, ends_at, total }, top };
}

/** Whether what there is of a past season changes no more. */
export const isSettled = ({ season: { state } }: PastSeason) => state === "final" || state === "purged";
