import { LeaderboardError } from "leaderboard-client";
import type { AroundView, RankView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import { noteFocus } from "./board/focus.ts";
import { client } from "./client.ts";
import { byId, create, fieldOf } from "./dom.ts";
import { crowdsName, formatNumber, formatPercentile, formatScore, type ScoreFormat } from "./format.ts";
import type { Navigation, Place } from "./navigation.ts";
import { toReadRefusal } from "./refusal.ts";
import { toSeasonQuery } from "./seasons/read-seasons.ts";
import { watch } from "./watch.ts";

const NEIGHBOURS = 3;

interface View extends Pick<Place, "region" | "board"> {
  season: ReturnType<typeof toSeasonQuery>;
}

/**
 * The search for the player in the address: shows rank, percentile and neighbours, and keeps them
 * up to date.
 */
export function createPlayerSearch(navigation: Navigation, format: () => ScoreFormat) {
  const form = byId("find", HTMLFormElement);
  const field = fieldOf(form, "user_id");
  const found = byId("found", HTMLElement);
  const message = byId("find-message", HTMLElement);
  let finding = new AbortController();
  /** What is shown, to be drawn again when the definition of the board comes. */
  let shown: { ranked: RankView; around: AroundView | undefined } | undefined;
  /** Where a followed link leads: to the player, once found. */
  let isAwaited = false;

  function close(): void {
    finding.abort();
    shown = undefined;
    found.hidden = true;
    showMessage("");
  }

  /** Says why the player is not shown for now. */
  function hide(why: string): void {
    shown = undefined;
    found.hidden = true;
    message.textContent = why;
  }

  function reveal(): void {
    isAwaited = found.hidden && message.textContent === "";
    if (isAwaited) return;
    (found.hidden ? form : found).scrollIntoView({ block: "nearest" });
    if (!found.hidden) byId("found-name", HTMLElement).focus({ preventScroll: true });
  }

  function showMessage(text: string): void {
    message.textContent = text;
    if (text === "") field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  }

  async function find(id: string): Promise<void> {
    close();
    finding = new AbortController();
    const { signal } = finding;
    const { region, board, season } = navigation.place;
    const view = { region, board, season: toSeasonQuery({ season }) };
    let ranked: RankView;
    try {
      ranked = await client.rank(id, view, { signal });
    } catch (error) {
      if (signal.aborted) return;
      const { detail } = toReadRefusal(error);
      const isUnknown = error instanceof LeaderboardError && error.code === "not_ranked";
      showMessage(isUnknown ? `${detail} The board shows IDs below the names.` : detail);
      if (isAwaited) reveal();
      return;
    }
    if (signal.aborted) return;
    showRank(ranked);
    found.hidden = false;
    await showNeighbours(id, view, signal);
    if (signal.aborted) return;
    if (isAwaited) reveal();
    if (season !== "") return; // the place in a past season stays
    let name = ranked.name;
    let number = ranked.season;
    const stop = watch((options) => client.liveRank(id, { region, board }, options), {
      onEvent({ event, data }) {
        if (event === "not_ranked" && number === undefined) navigation.replace({ player: "" });
        // In the next season the player comes back with the first score.
        else if (event === "not_ranked") hide(`${name} has no score in this season yet.`);
        if (event !== "rank") return;
        [name, number] = [data.name, data.season];
        showMessage("");
        found.hidden = false;
        showRank(data);
        void showNeighbours(id, view, signal);
      },
    });
    signal.addEventListener("abort", stop);
  }

  const textOf = ({ score, sub }: Entry | RankView) =>
    `${formatScore(score, format())}${sub === undefined ? "" : ` then ${formatNumber(sub)}`}`;

  function showRank(ranked: RankView): void {
    shown = { ranked, around: shown?.around };
    const { user_id, name, rank, total, percentile, tier } = ranked;
    byId("found-id", HTMLElement).textContent = user_id;
    byId("found-name", HTMLElement).replaceChildren(create("bdi", "", name));
    byId("found-rank", HTMLElement).textContent = `${formatNumber(Number(rank))} of ${formatNumber(total)}`;
    byId("found-percentile", HTMLElement).textContent = formatPercentile(percentile);
    byId("found-score", HTMLElement).textContent = textOf(ranked);
    byId("found-tier", HTMLElement).textContent = tier ?? "";
    byId("found-tiers", HTMLElement).hidden = tier == null;
  }

  async function showNeighbours(id: string, view: View, signal: AbortSignal): Promise<void> {
    // After a failure the old neighbours stay; the next rank event asks again.
    const answer = await client.around(id, { ...view, range: NEIGHBOURS }, { signal }).catch(() => undefined);
    if (answer === undefined || signal.aborted) return;
    if (shown !== undefined) shown.around = answer;
    drawNeighbours(answer);
  }

  function drawNeighbours({ self, around }: AroundView): void {
    const entries = [...around, self].sort((a, b) => Number(a.rank) - Number(b.rank));
    const list = byId("neighbours", HTMLElement);
    const restoreFocus = noteFocus(list);
    const isLong = entries.some((entry) => crowdsName(Number(entry.rank), textOf(entry)));
    list.classList.toggle("has-long-scores", isLong);
    list.replaceChildren(...entries.map((entry) => createNeighbour(entry, entry.rank === self.rank)));
    restoreFocus();
  }

  function createNeighbour(entry: Entry, isSelf: boolean): HTMLLIElement {
    const { user_id, name, rank } = entry;
    const item = create("li", isSelf ? "is-marked" : "");
    if (isSelf) item.setAttribute("aria-current", "true");
    const link = create("a");
    link.setAttribute("href", navigation.hrefOf({ player: user_id }));
    link.title = `${name} (${user_id})`;
    link.append(create("bdi", "", name));
    item.append(create("span", "", formatNumber(Number(rank))), link, create("span", "", textOf(entry)));
    return item;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = field.value.trim();
    if (id === "") showMessage("Say which player.");
    else if (id === navigation.place.player) void find(id);
    else navigation.go({ player: id });
  });
  byId("found-close", HTMLElement).addEventListener("click", () => {
    navigation.go({ player: "" });
    field.focus();
  });

  return {
    /** Looks for the player of the address in its view. */
    show(): void {
      const { player } = navigation.place;
      isAwaited = false;
      if (player === "") close();
      else {
        field.value = player;
        void find(player);
      }
    },
    /** Shows the same once more, by the definition of the board. */
    draw(): void {
      if (shown === undefined) return;
      const { ranked, around } = shown;
      showRank(ranked);
      if (around !== undefined) drawNeighbours(around);
    },
    /** Brings the player into view, and the focus there. */
    reveal,
  };
}
