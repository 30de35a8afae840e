import type { Live, LiveOptions } from "leaderboard-client";
import type { BoardEvent } from "shared/api/live";
import { client } from "../client.ts";
import type { Place } from "../navigation.ts";
import { poll } from "../poll.ts";
import { isSettled, type PastSeason, readPast } from "../seasons/read-seasons.ts";

/** What the page shows: a board as it changes, or a past season of it. */
export type ShownEvent = BoardEvent | { event: "past"; data: PastSeason };

/** Entries on a page. */
export const PAGE_SIZE = 20;
// `GET /top` reads 1,000 entries at most, `GET /live` 100: further pages are read again and again.
export const PAGES_MAX = 1_000 / PAGE_SIZE;
const LIVE_PAGES = 100 / PAGE_SIZE;
const POLL_MS = 10_000;
// The results of a season are final some seconds behind its end.
const PAST_POLL_MS = 3_000;

/** How often a place is read that has no stream; undefined for one that has. */
export function pollMsOf({ season, page }: Place): number | undefined {
  if (season !== "") return PAST_POLL_MS;
  return page > LIVE_PAGES ? POLL_MS : undefined;
}

/** Subscribes to the best of a place, from the first entry to the last one of its page. */
export function subscribeTo(place: Place, options: LiveOptions): AsyncIterable<Live<ShownEvent>> {
  const { region, board, season, page } = place;
  const query = { region, board, limit: page * PAGE_SIZE };
  const pollMs = pollMsOf(place);
  if (pollMs === undefined) return client.live(query, options);
  if (season !== "") {
    const read = async (signal: AbortSignal | undefined) =>
      ({ event: "past", data: await readPast(place, query.limit, { signal }) }) as const;
    return poll(read, pollMs, { ...options, isLast: ({ data }) => isSettled(data) });
  }
  const read = async (signal: AbortSignal | undefined): Promise<BoardEvent> => ({
    event: "snapshot",
    data: { board, ...(await client.top(query, { signal })) },
  });
  return poll(read, pollMs, options);
}
