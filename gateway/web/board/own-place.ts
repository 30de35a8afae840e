import type { RankView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import { client } from "../client.ts";
import { byId } from "../dom.ts";
import { crowdsName, formatNumber, formatScore, type ScoreFormat } from "../format.ts";
import type { Navigation } from "../navigation.ts";
import { poll } from "../poll.ts";
import { toSeasonQuery } from "../seasons/read-seasons.ts";
import { watch } from "../watch.ts";

/** The player's entry, and its row where the table has one. */
export interface OwnRow {
  entry: Entry;
  element: Element;
}

// A third stream would use up the browser's connections to the host when two pages are open.
const POLL_MS = 5_000;

/** The line with the player's own place, shown while the row of the table is out of sight. */
export function createOwnPlace(navigation: Navigation, format: () => ScoreFormat) {
  const line = byId("own", HTMLElement);
  const link = byId("own-link", HTMLAnchorElement);
  const sight = new IntersectionObserver((changes) => {
    line.hidden = changes.at(-1)?.isIntersecting === true;
  });
  let seen: Element | undefined;
  let polled = "";
  let last: RankView | undefined;
  let stop = () => {};

  function fill({ user_id, name, rank, score }: Entry | RankView): void {
    byId("own-rank", HTMLElement).textContent = formatNumber(Number(rank));
    byId("own-name", HTMLElement).textContent = name;
    const shown = formatScore(score, format());
    byId("own-score", HTMLElement).textContent = shown;
    link.setAttribute("href", navigation.hrefOf({ player: user_id }));
    line.classList.toggle("has-long-score", crowdsName(Number(rank), shown));
  }

  function see(element: Element | undefined): void {
    if (element === seen) return;
    sight.disconnect();
    seen = element;
    if (element !== undefined) sight.observe(element);
  }

  function leave(): void {
    stop();
    stop = () => {};
    polled = "";
    last = undefined;
  }

  function pollRank(userId: string): void {
    const { region, board, season } = navigation.place;
    const key = `${userId} ${region} ${board} ${season}`;
    if (key === polled) {
      if (last !== undefined) fill(last); // by a definition of the board that has come since
      return;
    }
    leave();
    polled = key;
    line.hidden = true;
    const query = { region, board, season: toSeasonQuery({ season }) };
    const read = async (signal: AbortSignal | undefined) => ({ rank: await client.rank(userId, query, { signal }) });
    // The place in a past season stays.
    const isLast = () => season !== "";
    stop = watch((options) => poll(read, POLL_MS, { ...options, isLast }), {
      onEvent({ rank }) {
        last = rank;
        fill(rank);
        line.hidden = false;
      },
      onState(_, error) {
        if (error?.code === "not_ranked") line.hidden = true;
      },
    });
  }

  return {
    /** Shows the place of a player: that of `row`, or the one that the server says. */
    show(userId: string | undefined, row: OwnRow | undefined): void {
      see(row?.element);
      if (userId === undefined || row !== undefined) leave();
      if (userId === undefined) line.hidden = true;
      else if (row === undefined) pollRank(userId);
      else fill(row.entry);
    },
    /** Asks the server again, after a score. */
    refresh(): void {
      polled = "";
    },
  };
}
