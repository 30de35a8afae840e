import type { BoardEvent } from "shared/api/live";
import type { LeaderboardError } from "shared/client/errors";
import type { Live, LiveOptions } from "shared/client/live";
import { applyChanges, type BoardState } from "shared/model/board-changes";
import { createAccount } from "./account.ts";
import { createFacts } from "./board/facts.ts";
import { createOwnPlace } from "./board/own-place.ts";
import { createPager } from "./board/pager.ts";
import { createRanking } from "./board/ranking.ts";
import { createBoardChoice } from "./boards/board-choice.ts";
import { client } from "./client.ts";
import { byId } from "./dom.ts";
import { formatClock, formatCount, formatScore, type ScoreFormat } from "./format.ts";
import { createNavigation, type Place, type Via } from "./navigation.ts";
import { createPlayerSearch } from "./player-search.ts";
import { poll } from "./poll.ts";
import { toReadRefusal } from "./refusal.ts";
import { describeUnfound, showUnfound } from "./unfound.ts";
import { createViews, viewsOf } from "./views.ts";
import { type LiveState, watch } from "./watch.ts";

/** The deployment, as the gateway writes it into the page. */
interface Settings {
  regions: string[];
  registrationOpen: boolean;
}

const PAGE_SIZE = 20;
// `GET /top` reads 1,000 entries at most, `GET /live` 100: further pages are read again and again.
const PAGES_MAX = 1_000 / PAGE_SIZE;
const LIVE_PAGES = 100 / PAGE_SIZE;
const POLL_MS = 10_000;
const TEXTS: Record<LiveState, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  failed: "Not connected",
};
// Rows that changed places more often could not be read.
const DRAW_INTERVAL_MS = 1_000;
// A screen reader announces a new leader, not every change.
const LEADER_INTERVAL_MS = 15_000;

const meta = document.querySelector<HTMLMetaElement>('meta[name="leaderboard"]');
const settings = JSON.parse(meta?.content ?? "{}") as Settings;
const regions = viewsOf(settings.regions);

const navigation = createNavigation({ regions, pagesMax: PAGES_MAX, onChange: showPlace });
const account = createAccount({
  ...settings,
  board: () => navigation.place.board,
  format,
  onChange() {
    own.refresh();
    draw();
  },
});
const ranking = createRanking({
  isYou: account.isYou,
  format,
  hrefOf: ({ user_id }) => navigation.hrefOf({ player: user_id }),
});
const own = createOwnPlace(navigation, format);
const pager = createPager({ navigation, pageSize: PAGE_SIZE, pagesMax: PAGES_MAX });
const boards = createBoardChoice({ navigation, onNamed: showBoard });
const showFacts = createFacts();
const views = createViews({ navigation, regions, boardTitle: boards.title, pageSize: PAGE_SIZE });
const search = createPlayerSearch(navigation, format);

let state: BoardState | undefined;
let shownAt: Date | undefined;
let drawnAtMs = Number.NEGATIVE_INFINITY;
let drawTimer: ReturnType<typeof setTimeout> | undefined;
let leader: { key: string; atMs: number } | undefined;
let stop = () => {};

function format(): ScoreFormat {
  return boards.present();
}

/** Shows the titles of the board, and its scores as its definition wants them. */
function showBoard(): void {
  views.show();
  showFacts(boards.present());
  search.draw();
  draw();
}

function showPlace(before: Place, via: Via): void {
  const { region, board, page, player } = navigation.place;
  const isSameView = region === before.region && board === before.board;
  if (board !== before.board) boards.show();
  views.show();
  showFacts(boards.present());
  if (!isSameView || page !== before.page) watchView();
  else draw(); // the links of the rows keep the player
  if (!isSameView || player !== before.player) search.show();
  if (via !== "link") return;
  if (page !== before.page) byId("board", HTMLElement).focus();
  else search.reveal();
}

function watchView(): void {
  stop();
  state = undefined;
  leader = undefined;
  drawnAtMs = Number.NEGATIVE_INFINITY;
  ranking.wait();
  pager.hide();
  byId("count", HTMLElement).textContent = "";
  showUnfound("");
  showNotice("");
  stop = watch(subscribe, { onEvent: applyEvent, onState: showState });
}

function subscribe(options: LiveOptions): AsyncIterable<Live<BoardEvent>> {
  const { region, board, page } = navigation.place;
  const query = { region, board, limit: page * PAGE_SIZE };
  if (page <= LIVE_PAGES) return client.live(query, options);
  const read = async (signal: AbortSignal | undefined): Promise<BoardEvent> => ({
    event: "snapshot",
    data: { board, ...(await client.top(query, { signal })) },
  });
  return poll(read, POLL_MS, options);
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
  showState("live");
  clearTimeout(drawTimer);
  const waitMs = drawnAtMs + DRAW_INTERVAL_MS - performance.now();
  if (waitMs <= 0) draw();
  else drawTimer = setTimeout(draw, waitMs);
  announceLeader(next);
}

function draw(): void {
  if (state === undefined) return;
  const { page } = navigation.place;
  const entries = state.entries.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  if (entries.length === 0 && page > 1) {
    navigation.correct({ page: Math.max(1, Math.ceil(state.entries.length / PAGE_SIZE)) });
    return;
  }
  drawnAtMs = performance.now();
  showUnfound(describeUnfound(navigation.unfound, navigation.place));
  const ownRow = ranking.draw({ ...state, entries });
  pager.show(state.total);
  own.show(account.userId(), ownRow);
  byId("count", HTMLElement).textContent = state.total === 0 ? "" : formatCount(state.total);
}

function announceLeader({ entries: [first] }: BoardState): void {
  const key = `${first?.region}/${first?.user_id}`;
  const isNews = leader !== undefined && leader.key !== key && performance.now() - leader.atMs >= LEADER_INTERVAL_MS;
  if (first !== undefined && isNews) {
    byId("leader", HTMLElement).textContent = `${first.name} leads with ${formatScore(first.score, format())}.`;
  }
  if (leader === undefined || isNews) leader = { key, atMs: performance.now() };
}

function showState(now: LiveState, error?: LeaderboardError): void {
  const element = byId("state", HTMLElement);
  const shown = now === "live" || navigator.onLine ? now : "offline";
  element.dataset.state = shown;
  const isPolled = now === "live" && navigation.place.page > LIVE_PAGES;
  const text = shown === "offline" ? "Offline" : isPolled ? `Every ${POLL_MS / 1000} seconds` : TEXTS[now];
  // A screen reader would read the same text out again.
  if (element.textContent !== text) element.textContent = text;
  if (shown === "offline") showNotice(outdatedNotice("You are offline."));
  else if (now === "live" && state !== undefined) showNotice("");
  else if (now === "failed") {
    if (state === undefined) ranking.hide();
    showNotice(outdatedNotice(toReadRefusal(error).detail));
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
boards.show();
views.show();
watchView();
search.show();
