import type { BestView, RankView } from "shared/api/boards";
import type { BoardEvent, RankEvent } from "shared/api/live";
import { Problem, type ProblemCode, toProblem } from "shared/api/problems";
import { ANYONE, type Reader } from "shared/auth/reader";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { createNetworkSlots, type NetworkSlots } from "shared/limits/network-slots";
import type { Log } from "shared/log/log";
import type { BoardState } from "shared/model/board-changes";
import { diffBoards } from "shared/model/board-changes";
import type { Boards } from "../boards/boards.ts";
import type { Definitions } from "../definitions/definitions.ts";
import { type Admitted, type Audience, createAdmission, readerFor } from "./admission.ts";
import type { LiveMeasures } from "./metrics.ts";
import { createTopic, type Topic } from "./topic.ts";
import { openViewer, type Viewer } from "./viewer.ts";

export interface Watching {
  /** Who watches; a caller without a token unless given. */
  reader?: Reader;
  lastEventId?: string | undefined;
  /** The viewer's networks, as limits count them. */
  networks: LimitedNetworks;
  /** Ends the viewer's connection, also where it takes no more bytes. */
  cut: () => void;
}

/**
 * Streams of Server-Sent Events: a board, or a player's rank, and then its changes. All methods but
 * `close` throw the problem of a reader who may not read the board. A stream ends once its reader
 * may no longer read the board, because the definition has changed or the token is not valid any
 * more; the client learns why when it connects again.
 */
export interface Live {
  /** Checks the reader alone. @throws Problem `board_not_found` */
  admit(board: string, reader: Reader): Promise<void>;
  /** @throws Problem `board_not_found`, `too_many_streams`, `unavailable` */
  watchBoard(view: string, board: string, limit: number, watching: Watching): Promise<ReadableStream<Uint8Array>>;
  /** @throws Problem `not_ranked`, `too_many_streams`, `unavailable` */
  watchRank(view: string, board: string, userId: string, watching: Watching): Promise<ReadableStream<Uint8Array>>;
  /** Ends every stream, and refuses new ones. */
  close(): void;
}

const toSnapshot = (state: BoardState): BoardEvent => ({ event: "snapshot", data: state });

/** Another season is another ranking; and an end that was moved is in no change. */
function toBoardEvents(before: BoardState, after: BoardState): readonly [...BoardEvent[], BoardEvent] {
  const { season, starts_at, ends_at } = after;
  if (season === undefined || (before.season === season && before.ends_at === ends_at)) {
    return [{ event: "change", data: diffBoards(before, after) }];
  }
  return [{ event: "season", data: { season, starts_at, ends_at } }, toSnapshot(after)];
}

/** What a topic is of. */
interface Watched {
  view: string;
  board: string;
  audience: Audience;
}

export interface LiveOptions {
  boards: Boards;
  definitions: Pick<Definitions, "find" | "reload">;
  measured: LiveMeasures;
  log: Log;
  boardIntervalMs?: number;
  rankIntervalMs?: number;
  admitIntervalMs?: number;
}

// The load on Redis follows from these intervals and the number of boards and players watched, not
// of viewers.
const BOARD_INTERVAL_MS = 250;
const RANK_INTERVAL_MS = 1_000;
// Views of boards: with more of them a ranker would read more than 4,000 tops a second.
const BOARDS_MAX = 1_000;
const PLAYERS_MAX = 500;
// More streams than a gateway allows one address. A household or a site has half of all at the
// most.
const PER_ADDRESS_SHARE = 0.25;
const VIEWERS_MAX = 20_000;
const RETRY_AFTER_SECONDS = 5;
/** Shorter than the idle time-outs of common proxies. */
export const BEAT_INTERVAL_MS = 15_000;

export function createLive({ boards, definitions, measured, log, ...intervals }: LiveOptions): Live {
  const { boardIntervalMs = BOARD_INTERVAL_MS, rankIntervalMs = RANK_INTERVAL_MS } = intervals;
  const { admit } = createAdmission(definitions, intervals.admitIntervalMs);
  const boardTopics = new Map<string, Topic>();
  const rankTopics = new Map<string, Topic>();
  /** A slot for each watched player, which counts against the network of the first viewer. */
  const playerSlots = createSlots(PLAYERS_MAX);
  /** The same for each watched view of a board: clients may ask for any number of boards. */
  const boardSlots = createSlots(BOARDS_MAX);
  const viewers = new Set<Viewer>();
  let opening = 0;
  let isClosed = false;
  let beats: ReturnType<typeof setInterval> | undefined;

  const codeOf = (error: unknown) => toProblem(error).code;
  const onStale = (error: unknown) => log.warn({ err: error }, "a live read failed");

  /** @throws Problem `too_many_streams`, `unavailable` */
  function openBoard(key: string, { view, board, audience }: Watched, networks: LimitedNetworks): Topic {
    const reader = readerFor[audience];
    const giveBack = takeSlot(boardSlots, networks, "boards");
    return createTopic<BestView, BoardState>({
      intervalMs: boardIntervalMs,
      codeOf,
      onStale,
      isGone: isGoneFor,
      onIdle() {
        boardTopics.delete(key);
        giveBack();
      },
      read: (limit) => measured.onRead(boards.top(view, board, limit, { reader })),
      toState: ({ total, entries, season, starts_at, ends_at }, limit) => {
        const state = { region: view, board, total, entries: entries.slice(0, limit) };
        return season === undefined ? state : { ...state, season, starts_at, ends_at };
      },
      toSnapshot,
      toChange: toBoardEvents,
    });
  }

  /** @throws Problem `too_many_streams`, `unavailable` */
  function openRank(
    key: string,
    { view, board, audience, userId }: Watched & { userId: string },
    networks: LimitedNetworks,
  ): Topic {
    const reader = readerFor[audience];
    const giveBack = takeSlot(playerSlots, networks, "players");
    // A player who was never ranked is a 404; one who is ranked no more, an event.
    let wasRanked = false;
    const toEvent = (state: RankView | null): RankEvent =>
      state === null ? { event: "not_ranked", data: { user_id: userId } } : { event: "rank", data: state };
    async function read(): Promise<RankView | null> {
      try {
        const ranked = await measured.onRead(boards.rank(view, board, userId, { reader }));
        wasRanked = true;
        return ranked;
      } catch (error) {
        if (wasRanked && codeOf(error) === "not_ranked") return null;
        throw error;
      }
    }
    return createTopic<RankView | null, RankView | null>({
      intervalMs: rankIntervalMs,
      codeOf,
      onStale,
      isGone: isGoneFor,
      onIdle() {
        rankTopics.delete(key);
        giveBack();
      },
      read,
      toState: (state) => state,
      toSnapshot: toEvent,
      toChange: (_, after) => [toEvent(after)],
    });
  }

  async function watch(topic: Topic, size: number, { lastEventId, cut }: Watching, { keep }: Admitted) {
    let viewer: Viewer | undefined;
    let kept: ReturnType<Admitted["keep"]> | undefined;
    opening++;
    let isGone = false;
    const holder = {
      wake: () => viewer?.wake(),
      end() {
        isGone = true;
        viewer?.end();
      },
    };
    const held = await topic.hold(size, holder).finally(() => opening--);
    if (isClosed || isGone) {
      held.giveBack();
      throw isClosed ? stopping() : full("The board was deleted or closed to readers at this moment. Try again.");
    }
    const opened = openViewer({
      feed: held.feed,
      lastEventId,
      cut,
      onSent: measured.onSent,
      onGone() {
        held.giveBack();
        viewers.delete(opened);
        kept?.leave();
        measured.onViewers(viewers.size);
        if (viewers.size > 0) return;
        clearInterval(beats);
        beats = undefined;
      },
    });
    viewer = opened;
    viewers.add(opened);
    measured.onViewers(viewers.size);
    beats ??= setInterval(() => {
      for (const each of viewers) each.beat();
    }, BEAT_INTERVAL_MS);
    kept = keep(opened.end);
    return opened.stream;
  }

  /**
   * Opens a stream for the audience of the board, as this ranker knows it. Where a shard knew
   * better, the first read has brought the definition up to date.
   */
  async function watchAs<T>(
    board: string,
    reader: Reader = ANYONE,
    open: (admitted: Admitted) => Promise<T>,
  ): Promise<T> {
    for (let isAgain = false; ; isAgain = true) {
      const admitted = await admit(board, reader);
      try {
        return await open(admitted);
      } catch (error) {
        if (isAgain || codeOf(error) !== FOR_OPERATORS) throw error;
      }
    }
  }

  function refuseWhenFull(): void {
    if (isClosed) throw stopping();
    if (viewers.size + opening >= VIEWERS_MAX) throw full("Too many streams are open here. Try again shortly.");
  }

  return {
    async admit(board, reader) {
      await admit(board, reader);
    },

    async watchBoard(view, board, limit, watching) {
      refuseWhenFull();
      return watchAs(board, watching.reader, (admitted) => {
        const key = `${admitted.audience} ${view}/${board}`;
        const watched = { view, board, audience: admitted.audience };
        const topic = boardTopics.get(key) ?? openBoard(key, watched, watching.networks);
        boardTopics.set(key, topic);
        return watch(topic, limit, watching, admitted);
      });
    },

    async watchRank(view, board, userId, watching) {
      refuseWhenFull();
      return watchAs(board, watching.reader, (admitted) => {
        const key = `${admitted.audience} ${view}/${board}/${userId}`;
        const watched = { view, board, audience: admitted.audience, userId };
        const topic = rankTopics.get(key) ?? openRank(key, watched, watching.networks);
        rankTopics.set(key, topic);
        return watch(topic, 1, watching, admitted);
      });
    },

    close() {
      isClosed = true;
      for (const viewer of viewers) viewer.end();
    },
  };
}

const createSlots = (total: number) => createNetworkSlots({ perAddress: total * PER_ADDRESS_SHARE, total });

/** @returns how to give the slot back. @throws Problem `too_many_streams`, `unavailable` */
function takeSlot(slots: NetworkSlots, networks: LimitedNetworks, what: "boards" | "players"): () => void {
  const giveBack = slots.take(networks);
  if (giveBack === "all_taken") throw full(`Too many ${what} are watched here. Try again shortly.`);
  if (giveBack !== "network_full") return giveBack;
  const later = { retryAfterSeconds: RETRY_AFTER_SECONDS };
  throw new Problem("too_many_streams", `This network watches too many ${what} here. Try again later.`, later);
}

/** How a reading for anyone is refused on a board of operators. */
const FOR_OPERATORS: ProblemCode = "missing_token";

/**
 * Viewers who come back are refused with this code, and a later board of the id has other streams.
 */
const isGoneFor = (code: ProblemCode) => code === "board_not_found" || code === FOR_OPERATORS;

const full = (detail: string) => new Problem("unavailable", detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });
const stopping = () => new Problem("unavailable", "This ranker stops. Try again.");
