import { applyChanges, type BoardState, type LeaderboardError } from "leaderboard-client";
import { createAccount } from "./account.ts";
import { createFacts } from "./board/facts.ts";
import { createFreshness } from "./board/freshness.ts";
import { createOwnPlace } from "./board/own-place.ts";
import { createPager } from "./board/pager.ts";
import { createRanking } from "./board/ranking.ts";
import { PAGE_SIZE, PAGES_MAX, pollMsOf, type ShownEvent, subscribeTo } from "./board/watched.ts";
import { createBoardChoice } from "./boards/board-choice.ts";
import { byId } from "./dom.ts";
import { formatCount, formatScore, type ScoreFormat } from "./format.ts";
import { createNavigation, type Place, type Via } from "./navigation.ts";
import { createPlayerSearch } from "./player-search.ts";
import { isSettled, type PastSeason } from "./seasons/read-seasons.ts";
import { createSeasonBar } from "./seasons/season-bar.ts";
import { describeUnfound, showUnfound } from "./unfound.ts";
import { createViews, viewsOf } from "./views.ts";
import { type LiveState, watch } from "./watch.ts";

/** The deployment, as the gateway writes it into the page. */
interface Settings {
  regions: string[];
  registrationOpen: boolean;
}

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
const freshness = createFreshness({ nameLive, onOld: ranking.markOld });
const own = createOwnPlace(navigation, format);
const pager = createPager({ navigation, pageSize: PAGE_SIZE, pagesMax: PAGES_MAX });
const boards = createBoardChoice({ navigation, onNamed: showBoard });
const showFacts = createFacts();
const seasons = createSeasonBar({ navigation, hasSeasons: () => boards.present().hasSeasons });
const views = createViews({ navigation, regions, boardTitle: boards.title, pageSize: PAGE_SIZE });
const search = createPlayerSearch(navigation, format);

let state: BoardState | undefined;
/** Whether the results that are shown change no more. */
let isFinal = false;
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
  seasons.show(navigation.place);
  search.draw();
  draw();
}

function showPlace(before: Place, via: Via): void {
  const { region, board, season, page, player } = navigation.place;
  const isSameView = region === before.region && board === before.board && season === before.season;
  if (board !== before.board) boards.show();
  views.show();
  showFacts(boards.present());
  showSeason(before);
  if (!isSameView || page !== before.page) watchView();
  else draw(); // the links of the rows keep the player
  if (!isSameView || player !== before.player) search.show();
  if (via !== "link") return;
  if (page !== before.page) byId("board", HTMLElement).focus();
  else search.reveal();
}

/** A past season is read alone: it takes no scores. */
function showSeason(before: Place): void {
  const isPast = navigation.place.season !== "";
  byId("play", HTMLElement).hidden = isPast;
  if (isPast) ranking.describeEmpty("This season has no results.", "Nobody took part in it.");
  seasons.show(before);
}

function watchView(): void {
  stop();
  state = undefined;
  isFinal = false;
  leader = undefined;
  drawnAtMs = Number.NEGATIVE_INFINITY;
  ranking.wait();
  pager.hide();
  byId("count", HTMLElement).textContent = "";
  showUnfound("");
  freshness.reset();
  const { place } = navigation;
  stop = watch((options) => subscribeTo(place, options), { onEvent: applyEvent, onState: showState });
}

function applyEvent({ event, data }: ShownEvent): void {
  if (event === "past") showPast(data);
  else if (event === "snapshot") show(data);
  else if (event === "change" && state !== undefined) show(applyChanges(state, data));
  else if (event === "stale") freshness.markStale();
  else if (event === "fresh") freshness.markFresh();
}

function showPast({ season, top }: PastSeason): void {
  const { place } = navigation;
  if (season.state === "scheduled") {
    navigation.correct({ season: "" });
    return;
  }
  // `previous` would be another one soon.
  const named = season.state === "running" ? "" : String(season.season);
  if (place.season !== named) {
    navigation.replace({ season: named });
    return;
  }
  isFinal = isSettled({ season, top });
  seasons.showPast(season);
  if (top === undefined) ranking.describeEmpty("There is nothing to show.", "These results are no longer kept.");
  const { board, region } = place;
  show(top === undefined ? { board, region, total: 0, entries: [] } : { board, ...top });
}

/** A season has ended under the reader's eyes: the next one begins on its first page. */
function beginSeason(): void {
  ranking.wait();
  drawnAtMs = Number.NEGATIVE_INFINITY;
  leader = undefined;
  own.refresh();
}

function show(next: BoardState): void {
  const isNext = state?.season !== undefined && state.season !== next.season;
  if (navigation.place.season === "") {
    seasons.run(next);
    const where = next.season === undefined ? "on this board" : "in this season";
    ranking.describeEmpty(`No player is ${where} yet.`, "The first score takes the first place.");
  }
  if (isNext && navigation.place.page > 1) {
    navigation.replace({ page: 1 });
    return;
  }
  if (isNext) beginSeason();
  state = next;
  freshness.update();
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
  if (error?.code === "season_not_found") {
    navigation.correct({ season: "" });
    return;
  }
  freshness.show(now, error);
  if (now === "failed" && navigator.onLine && state === undefined) ranking.hide();
}

function nameLive() {
  const pollMs = pollMsOf(navigation.place);
  if (pollMs === undefined) return { text: "Live", isFinal };
  return { text: isFinal ? "Final results" : `Every ${pollMs / 1000} seconds`, isFinal };
}

window.addEventListener("offline", () => showState("reconnecting"));
boards.show();
views.show();
showSeason(navigation.place);
watchView();
search.show();
