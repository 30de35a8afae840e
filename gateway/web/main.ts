import type { BoardEvent } from "shared/api/live-events";
import type { LeaderboardError } from "shared/client/errors";
import { applyChanges, type BoardState } from "shared/model/board-changes";
import { createAccount } from "./account.ts";
import { client } from "./client.ts";
import { byId } from "./dom.ts";
import { formatClock, formatCount, formatNumber } from "./format.ts";
import { type LiveState, watch } from "./live.ts";
import { createPlayerSearch } from "./player-search.ts";
import { createRanking } from "./ranking.ts";
import { toRefusal } from "./refusal.ts";
import { createViews } from "./views.ts";

/** What the gateway says about the deployment. */
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
// A screen reader is told who leads, not every move.
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
    look();
    search.refresh();
  },
});
const search = createPlayerSearch(() => ({ ...view }));

let state: BoardState | undefined;
let seenAt: Date | undefined;
let leader: { key: string; atMs: number } | undefined;
let stop = () => {};

function look(): void {
  stop();
  state = undefined;
  leader = undefined;
  ranking.wait();
  byId("count", HTMLElement).textContent = "";
  notice("");
  const query = { ...view, limit: LIMIT };
  stop = watch((options) => client.live(query, options), { onEvent: take, onState: showState });
}

function take({ event, data }: BoardEvent): void {
  if (event === "snapshot") show(data);
  else if (event === "change" && state !== undefined) show(applyChanges(state, data));
  else if (event === "stale") notice(old("The board cannot be read at the moment."));
  else if (event === "fresh") notice("");
}

function show(next: BoardState): void {
  state = next;
  seenAt = new Date();
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
  // Said again it would be read out again.
  if (element.textContent !== text) element.textContent = text;
  if (shown === "offline") notice(old("You are offline."));
  else if (now === "live" && state !== undefined) notice("");
  else if (now === "failed") {
    if (state === undefined) ranking.hide();
    notice(old(toRefusal(error).detail));
  }
}

const old = (why: string) =>
  seenAt === undefined || state === undefined
    ? `${why} This page goes on trying.`
    : `${why} Shown as of ${formatClock(seenAt)}.`;

function notice(text: string): void {
  const element = byId("notice", HTMLElement);
  element.hidden = text === "";
  element.textContent = text;
  ranking.markOld(text !== "");
}

window.addEventListener("offline", () => showState("reconnecting"));
look();
