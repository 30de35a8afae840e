import type { BoardEvent } from "shared/api/live";
import type { LeaderboardError } from "shared/client/errors";
import { applyChanges, type BoardState } from "shared/model/board-changes";
import { createAccount } from "./account.ts";
import { client } from "./client.ts";
import { byId } from "./dom.ts";
import { formatClock, formatCount, formatNumber } from "./format.ts";
import { createPlayerSearch } from "./player-search.ts";
import { createRanking } from "./ranking.ts";
import { toRefusal } from "./refusal.ts";
import { createViews } from "./views.ts";
import { type LiveState, watch } from "./watch.ts";

/** The deployment, as the gateway writes it into the page. */
interface Settings {
  regions: string[];
  boards: string[];
  registrationOpen: boolean;
}

const LIMIT = 20;
const TEXTS: Record<LiveState, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  failed: "Not connected",
};
// A screen reader announces a new leader, not every change.
const LEADER_INTERVAL_MS = 15_000;

const meta = document.querySelector<HTMLMetaElement>('meta[name="leaderboard"]');
const settings = JSON.parse(meta?.content ?? "{}") as Settings;

const account = createAccount({ ...settings, board: () => view.board, onChange: () => ranking.redraw() });
const ranking = createRanking(account.isYou);
const view = createViews({
  regions: settings.regions,
  boards: settings.boards,
  limit: LIMIT,
  onChange() {
    watchView();
    search.refresh();
  },
});
const search = createPlayerSearch(() => ({ ...view }));

let state: BoardState | undefined;
let shownAt: Date | undefined;
let leader: { key: string; atMs: number } | undefined;
let stop = () => {};

function watchView(): void {
  stop();
  state = undefined;
  leader = undefined;
  ranking.wait();
  byId("count", HTMLElement).textContent = "";
  showNotice("");
  const query = { ...view, limit: LIMIT };
  stop = watch((options) => client.live(query, options), { onEvent: applyEvent, onState: showState });
}

function applyEvent({ event, data }: BoardEvent): void {
  if (event === "snapshot") show(data);
  else if (event === "change" && state !== undefined) show(applyChanges(state, data));
  else if (event === "stale") showNotice(outdatedNotice("The board cannot be read at the moment."));
  else if (event === "fresh") showNotice("");
}

function show(next: BoardState): void {
  state = next;
  shownAt = new Date();
  ranking.draw(next);
  showState("live");
  byId("count", HTMLElement).textContent = next.total === 0 ? "" : formatCount(next.total);
  announceLeader(next);
}

function announceLeader({ entries: [first] }: BoardState): void {
  const key = `${first?.region}/${first?.user_id}`;
  const isNews = leader !== undefined && leader.key !== key && performance.now() - leader.atMs >= LEADER_INTERVAL_MS;
  if (first !== undefined && isNews) {
    byId("leader", HTMLElement).textContent = `${first.name} leads with ${formatNumber(first.score)}.`;
  }
  if (leader === undefined || isNews) leader = { key, atMs: performance.now() };
}

function showState(now: LiveState, error?: LeaderboardError): void {
  const element = byId("state", HTMLElement);
  const shown = now === "live" || navigator.onLine ? now : "offline";
  element.dataset.state = shown;
  const text = shown === "offline" ? "Offline" : TEXTS[now];
  // A screen reader would read the same text out again.
  if (element.textContent !== text) element.textContent = text;
  if (shown === "offline") showNotice(outdatedNotice("You are offline."));
  else if (now === "live" && state !== undefined) showNotice("");
  else if (now === "failed") {
    if (state === undefined) ranking.hide();
    showNotice(outdatedNotice(toRefusal(error).detail));
  }
}

const outdatedNotice = (why: string) =>
  shownAt === undefined || state === undefined
    ? `${why} This page goes on trying.`
    : `${why} Shown as of ${formatClock(shownAt)}.`;

function showNotice(text: string): void {
  const element = byId("notice", HTMLElement);
  element.hidden = text === "";
  element.textContent = text;
  ranking.markOld(text !== "");
}

window.addEventListener("offline", () => showState("reconnecting"));
watchView();
