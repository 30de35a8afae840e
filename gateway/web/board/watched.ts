import type { BoardEvent } from "shared/api/live";
import type { Live, LiveOptions } from "shared/client/live";
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
export const POLL_MS = 10_000;

/** Whether a place is read again and again, as it has no stream. */
export const isPolled = ({ season, page }: Place) => season !== "" || page > LIVE_PAGES;

/** Subscribes to the best of a place, from the first entry to the last one of its page. */
export function subscribeTo(place: Place, options: LiveOptions): AsyncIterable<Live<ShownEvent>> {
  const { region, board, season, page } = place;
  const query = { region, board, limit: page * PAGE_SIZE };
  if (season !== "") {
    const read = async (signal: AbortSignal | undefined) =>
      ({ event: "past", data: await readPast(place, query.limit, { signal }) }) as const;
    return poll(read, POLL_MS, { ...options, isLast: ({ data }) => isSettled(data) });
  }
  if (!isPolled(place)) return client.live(query, options);
  const read = async (signal: AbortSignal | undefined): Promise<BoardEvent> => ({
    event: "snapshot",
    data: { board, ...(await client.top(query, { signal })) },
  });
  return poll(read, POLL_MS, options);
}
