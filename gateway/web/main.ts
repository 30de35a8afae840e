import { applyChanges, type BoardChanges, type BoardState } from "shared/board-changes";
import { createAccount } from "./account.ts";
import { ask } from "./api.ts";
import { byId } from "./dom.ts";
import { formatClock, formatCount, formatNumber } from "./format.ts";
import { type LiveState, watch } from "./live.ts";
import { createPlayerSearch } from "./player-search.ts";
import { createRanking } from "./ranking.ts";
import { createViews } from "./views.ts";

/** What the gateway says about the deployment. */
interface Settings {
  regions: string[];
  boards: string[];
  registrationOpen: boolean;
}

const LIMIT = 20;
const TEXTS: Record<LiveState, string> = {
  ...{ connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", failed: "Not connected" },
};
// A screen reader is told who leads, not every move.
const LEADER_INTERVAL_MS = 15_000;

const meta = document.querySelector<HTMLMetaElement>('meta[name="leaderboard"]');
const settings = JSON.parse(meta?.content ?? "{}") as Settings;

const account = createAccount({ ...settings, board: () => view.board, onChange: () => ranking.redraw() });
const ranking = createRanking(account.isYou);
const view = createViews({
  ...{ regions: settings.regions, boards: settings.boards, limit: LIMIT },
  onChange() {
    look();
    search.refresh();
  },
});
const viewQuery = () => `region=${view.region}&board=${encodeURIComponent(view.board)}`;
const search = createPlayerSearch(viewQuery);

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
  stop = watch(`/live?limit=${LIMIT}&${viewQuery()}`, {
    on: {
      snapshot: (data) => show(data as BoardState),
      change(data) {
        if (state !== undefined) show(applyChanges(state, data as BoardChanges));
      },
      stale: () => notice(old("The board cannot be read at the moment.")),
      fresh: () => notice(""),
    },
    onState: showState,
  });
}

function show(next: BoardState): void {
  state = next;
  seenAt = new Date();
  ranking.draw(next);
  notice("");
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

function showState(now: LiveState): void {
  const element = byId("state", HTMLElement);
  const shown = navigator.onLine ? now : "offline";
  element.dataset.state = shown;
  const text = shown === "offline" ? "Offline" : TEXTS[now];
  // Said again it would be read out again.
  if (element.textContent !== text) element.textContent = text;
  if (shown === "offline") notice(old("You are offline."));
  else if (now === "live" && state !== undefined) notice("");
  else if (now === "failed") void explain();
}

/** Why there is no stream: a browser does not tell, so that the same is asked for in another way. */
async function explain(): Promise<void> {
  const asked = view.region;
  const answer = await ask(`/top?limit=1&${viewQuery()}`);
  if (asked !== view.region || byId("state", HTMLElement).dataset.state === "live") return;
  if (state === undefined) ranking.hide();
  const why = answer.ok ? "The live stream does not answer." : answer.refusal.detail;
  notice(old(why));
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
