import { type BoardState, LeaderboardError } from "leaderboard-client";
import { serverClock } from "../client.ts";
import { byId, create } from "../dom.ts";
import { formatNumber } from "../format.ts";
import type { Navigation } from "../navigation.ts";
import { isPermanent } from "../poll.ts";
import { type ListedSeason, readSeasons } from "./read-seasons.ts";
import { createSeasonList } from "./season-list.ts";
import { changesInMs, describePast, describeRunning, nameSeason } from "./season-texts.ts";

export interface SeasonBarOptions {
  navigation: Navigation;
  /** Whether the definition of the present board has seasons. */
  hasSeasons: () => boolean;
}

/** The season that runs, as the stream of the board says. */
type Running = Pick<BoardState, "season" | "starts_at" | "ends_at">;

// A list that cannot be read is read again with the next season, or at this time.
const RETRY_MS = 15_000;

/**
 * The line of a board with seasons: the choice of one, and the time that is left, or how far the
 * results of a past one are. Nothing on other boards.
 */
export function createSeasonBar({ navigation, hasSeasons }: SeasonBarOptions) {
  const bar = byId("season", HTMLElement);
  const select = byId("seasons", HTMLSelectElement);
  const more = byId("seasons-more", HTMLButtonElement);
  const clock = byId("season-clock", HTMLElement);
  const about = byId("season-about", HTMLElement);
  const present = byId("season-present", HTMLAnchorElement);
  const results = create("a");
  const list = createSeasonList(readSeasons);
  let listed = "";
  let running: Running = {};
  let past: ListedSeason | undefined;
  /** The season whose end the reader has seen. */
  let ended: number | undefined;
  let tick: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  async function read(part: () => Promise<void>): Promise<void> {
    clearTimeout(retry);
    try {
      await part();
    } catch (error) {
      if (!(error instanceof LeaderboardError)) throw error;
      // Operators' boards, and servers of earlier versions, have no list for the page.
      if (!isPermanent(error)) retry = setTimeout(() => void read(list.refresh), RETRY_MS);
    }
    drawChoice();
  }

  function drawChoice(): void {
    const { season } = navigation.place;
    const shown = list.all.filter(({ state }) => state !== "running" && state !== "scheduled");
    const options = [
      { value: "", text: toRunningText(), isGone: false },
      ...shown.map((each) => ({ value: `${each.season}`, text: nameSeason(each), isGone: each.state === "purged" })),
    ];
    if (options.every(({ value }) => value !== season)) {
      options.push({ value: season, text: season === "previous" ? "Last season" : `Season ${season}`, isGone: false });
    }
    // An open list would close where its options are made again.
    const isSame =
      [...select.options].map(({ text }) => text).join("\n") === options.map(({ text }) => text).join("\n");
    if (!isSame) select.replaceChildren(...options.map(toOption));
    select.value = season;
    more.hidden = !list.hasMore;
  }

  function toRunningText(): string {
    return running.season === undefined ? "The present season" : `Season ${formatNumber(running.season)} · runs now`;
  }

  function toOption({ value, text, isGone }: { value: string; text: string; isGone: boolean }): HTMLOptionElement {
    const option = create("option", "", text);
    option.value = value;
    option.disabled = isGone && value !== navigation.place.season;
    return option;
  }

  /** A screen reader would read the same text out again. */
  function say(element: HTMLElement, ...parts: (string | Node)[]): void {
    const text = parts.map((part) => (typeof part === "string" ? part : (part.textContent ?? ""))).join("");
    if (element.textContent !== text) element.replaceChildren(...parts);
  }

  function drawTime(): void {
    clearTimeout(tick);
    if (bar.hidden) return;
    const isPast = navigation.place.season !== "";
    present.hidden = !isPast;
    clock.hidden = isPast;
    present.setAttribute("href", navigation.hrefOf({ season: "", page: 1 }));
    if (isPast) {
      say(about, past === undefined ? "" : describePast(past));
      return;
    }
    const { starts_at, ends_at } = running;
    const described = describeRunning({ starts_at, ends_at }, serverClock.nowMs());
    say(clock, described.clock);
    if (ended === undefined) say(about, described.about);
    else say(about, ...newsOf(ended));
    if (described.leftMs !== undefined) tick = setTimeout(drawTime, changesInMs(described.leftMs));
  }

  function newsOf(season: number): (string | Node)[] {
    results.textContent = `See the results of season ${formatNumber(season)}`;
    results.setAttribute("href", navigation.hrefOf({ season: String(season), page: 1, player: "" }));
    return [
      `Season ${formatNumber(season)} has ended, season ${formatNumber(running.season ?? season + 1)} runs. `,
      results,
    ];
  }

  function draw(): void {
    const { board, season } = navigation.place;
    bar.hidden = !(hasSeasons() || season !== "" || running.season !== undefined);
    if (!bar.hidden && listed !== board) {
      listed = board;
      list.reset(board);
      void read(list.refresh);
    }
    drawChoice();
    drawTime();
  }

  select.addEventListener("change", () => {
    navigation.go({ season: select.value, page: 1 });
  });
  more.addEventListener("click", () => {
    void read(list.readMore).then(() => {
      // The button may be gone, and the focus with it.
      if (more.hidden) select.focus();
    });
  });

  return {
    /** Shows the season of the address. What was known of another one is gone. */
    show(before: { board: string; season: string }): void {
      const { board, season } = navigation.place;
      if (board !== before.board) running = {};
      if (board !== before.board || season !== before.season) {
        past = undefined;
        ended = undefined;
      }
      draw();
    },
    /** Takes the season of a snapshot of the one that runs. */
    run(next: Running): void {
      const isOther = next.season !== running.season;
      if (isOther && running.season !== undefined && next.season !== undefined) {
        ended = running.season;
        void read(list.refresh);
      }
      running = next;
      draw();
    },
    /** Takes what is known of the past season of the address. */
    showPast(season: ListedSeason): void {
      const isNews = past?.state !== season.state;
      past = season;
      if (isNews && season.state === "final") void read(list.refresh);
      draw();
    },
  };
}
