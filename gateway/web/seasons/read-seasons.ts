import type { CallOptions } from "shared/client";
import { toError } from "shared/client/errors";
import { BASE, client, fetchTimed } from "../client.ts";
import type { Place } from "../navigation.ts";

/** A season of a board, as the server lists it. */
export interface ListedSeason {
  season: number;
  state: "scheduled" | "running" | "closing" | "incomplete" | "final" | "purged";
  /** Null for season 0: what the board had before its first one. */
  starts_at: string | null;
  /** Null for a season that goes on. */
  ends_at: string | null;
  total: number | null;
}

/** A part of the list of a board's seasons, the newest first. */
export interface SeasonPage {
  seasons: readonly ListedSeason[];
  /** The cursor of the next part; undefined after the last. */
  next: string | undefined;
}

const PAGE_SEASONS = 50;

async function get<T>(target: string, { signal }: CallOptions = {}): Promise<T> {
  const response = await fetchTimed(new URL(target, BASE).href, { signal: signal ?? null });
  if (!response.ok) throw await toError(response);
  return (await response.json()) as T;
}

/** Reads a part of the list, the first one without a cursor. @throws LeaderboardError */
export async function readSeasons(board: string, cursor: string | undefined): Promise<SeasonPage> {
  const query = new URLSearchParams({ limit: String(PAGE_SEASONS) });
  if (cursor !== undefined) query.set("cursor", cursor);
  const { seasons, next } = await get<{ seasons: ListedSeason[]; next: string | null }>(
    `boards/${board}/seasons?${query}`,
  );
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
  top: Awaited<ReturnType<typeof client.top>> | undefined;
}

/**
 * Reads a season of the address, and its best `limit` entries.
 *
 * @throws LeaderboardError `season_not_found`, `archives_unavailable` and what `top` refuses with
 */
export async function readPast(place: Place, limit: number, options: CallOptions): Promise<PastSeason> {
  const { region, board } = place;
  const season = await get<ListedSeason>(`boards/${board}/seasons/${place.season}`, options);
  const isRead = season.state === "closing" || season.state === "incomplete" || season.state === "final";
  // The state is the older of the two: where it is final, so are the entries.
  const top = isRead ? await client.top({ region, board, season: season.season, limit }, options) : undefined;
  return { season, top };
}

/** Whether what there is of a past season changes no more. */
export const isSettled = ({ season: { state } }: PastSeason) => state === "final" || state === "purged";
