import type { Credentials, GuestCall, OwnName, PasswordChange, Registration, Session } from "./api/accounts.ts";
import type { BoardChange, BoardsQuery, BoardsView, BoardView, DeletedBoard, GivenBoard } from "./api/boards.ts";
import type { WrittenEntry } from "./api/entries.ts";
import type { BoardEvent, LiveQuery, LiveRankQuery, RankEvent } from "./api/live.ts";
import type {
  ChangedEntry,
  EntryChange,
  EntryRemoval,
  ErasedPlayer,
  GivenPassword,
  OperatorName,
  OperatorReason,
  OperatorScore,
  PlayerRecord,
  PlayerRecordQuery,
  PlayerVisibility,
  RemovedEntry,
  RenamedPlayer,
} from "./api/players.ts";
import type { PlayerBoardsQuery, PlayerBoardsView, RanksQuestion, RanksView } from "./api/ranks.ts";
import type {
  AroundQuery,
  AroundScoreQuery,
  AroundScoreView,
  AroundView,
  RankQuery,
  RankView,
  TopQuery,
  TopView,
} from "./api/reads.ts";
import type { AddScore, CreateScore, ScoreFor, ScoresItem, SetScore, WrittenScores } from "./api/scores.ts";
import type { SeasonsQuery, SeasonsView, SeasonView } from "./api/seasons.ts";
import type { Health, Readiness } from "./api/status.ts";
import { notUnderstood } from "./errors.ts";
import { type Live, type LiveOptions, subscribe } from "./live.ts";
import { createSend, type Outgoing, type TransportOptions } from "./transport.ts";

export interface ClientOptions extends TransportOptions {
  /** The token of a player or an operator. `as` makes a client with another one. */
  token?: string | undefined;
  /**
   * Whether reads of boards carry the token, too. Boards whose `readers` are `operators` need an
   * operator's. Default false: the gateway answers those who ask for the same top at once together,
   * and a browser's page on another origin asks once instead of twice.
   */
  readsWithToken?: boolean | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /**
   * 1–128 visible ASCII characters. Default: a random key for each call, so that its retries count
   * once. Pass your own if another call may repeat the write, for example after a crash.
   */
  idempotencyKey?: string | undefined;
}

export interface ChangeOptions extends CallOptions {
  /** The `rev` that the caller has read. */
  ifMatch?: number | undefined;
}

/** A leaderboard over HTTP. Methods reject with a `LeaderboardError` or the signal's reason. */
export interface Client {
  /** A client for the same leaderboard with the token of another player or operator. */
  as(token: string): Client;
  /**
   * Codes: `user_exists`, `registration_closed`, `invalid_request`, `rate_limited`, `queue_full`,
   * `outcome_unknown`.
   */
  register(player: Registration, options?: CallOptions): Promise<Session>;
  /** Codes: `bad_credentials`, `wrong_region`, `rate_limited`. */
  login(credentials: Credentials, options?: CallOptions): Promise<Session>;
  /**
   * Makes a player without a registration, and with the same `device_id` finds the player again.
   * Codes: `registration_closed`, `bad_credentials` for the device of a player who has a password,
   * `rate_limited`, `queue_full`, `outcome_unknown`.
   */
  guest(guest?: GuestCall, options?: CallOptions): Promise<Session>;
  /**
   * Sets the player's password, or changes it with the old one. Go on with the token of the answer:
   * those from before stop working. Codes: `bad_credentials`, `rate_limited`, `invalid_request`.
   */
  setPassword(change: PasswordChange, options?: CallOptions): Promise<Session>;
  /** A new token for one that still holds. Codes: `invalid_token`. */
  refresh(options?: CallOptions): Promise<Session>;
  /** Gives the player another name, on all boards. Codes: `name_given`, `rate_limited`. */
  changeName(name: OwnName, options?: CallOptions): Promise<Session>;
  /**
   * For operators from the role `writer` on: submits the score of a player, who need not have
   * registered. A player's token submits the player's own. Codes: `wrong_region`, those of
   * operators (`forbidden`, `role_required`, `board_not_allowed`), those of every write.
   */
  submitScoreFor(score: ScoreFor, options?: WriteOptions): Promise<WrittenEntry>;
  /**
   * For operators from the role `writer` on: submits up to 200 scores at once. Resolves with a
   * status for each, and with the entry or the code of its refusal; look at all of them. A repeat
   * of the call under the same key writes each item once. Codes: those of operators.
   */
  submitScores(items: readonly ScoresItem[], options?: WriteOptions): Promise<WrittenScores>;
  /**
   * Submits a score: what that does is the board's `operator`, and `changed` says whether it did
   * anything. With `sub` and `metadata` where the board has them; a `metadata` that is left out
   * stays, and null clears it.
   *
   * Codes of every write: `missing_token`, `invalid_token`, `invalid_request`, `board_not_found`,
   * `board_read_only`, `board_ended`, `operator_not_allowed`, `attempts_exhausted` (with `used` and
   * `max` in its `members`), `score_out_of_range`, `score_out_of_bounds`, `queue_full`,
   * `outcome_unknown`.
   */
  submitScore(score: SetScore, options?: WriteOptions): Promise<WrittenEntry>;
  /** Enters a board. Codes: `entry_exists`, `queue_full`, `missing_token`, `invalid_token`. */
  createScore(score: CreateScore, options?: WriteOptions): Promise<WrittenEntry>;
  /** Sets the score. */
  setScore(score: SetScore, options?: WriteOptions): Promise<WrittenEntry>;
  /** Adds to the score, atomically. Codes: `score_out_of_range`, and those of every write. */
  addScore(score: AddScore, options?: WriteOptions): Promise<WrittenEntry>;
  /**
   * The first entries of a board: 100 of `GLOBAL` by default; with `from` those from a rank on,
   * with `cursor`, the `next` or `prev` of an answer, those behind or ahead of that page. As in all
   * reads `with: "metadata"` adds the metadata of each. Codes of every read: `board_not_found`,
   * `region_unavailable`; of a board for operators also `missing_token`, `invalid_token`,
   * `forbidden`, `board_not_allowed`.
   */
  top(query?: TopQuery, options?: CallOptions): Promise<TopView>;
  /**
   * A board page by page: from the best, `from` a rank or a `cursor` on, of `limit` entries each.
   * An entry that does not move meanwhile is on one page.
   */
  pages(query?: TopQuery, options?: CallOptions): AsyncGenerator<TopView, void, undefined>;
  /** Codes: `not_ranked`. */
  rank(userId: string, query?: RankQuery, options?: CallOptions): Promise<RankView>;
  /** The player and up to `range` neighbours a side. Codes: `not_ranked`. */
  around(userId: string, query?: AroundQuery, options?: CallOptions): Promise<AroundView>;
  /**
   * The neighbours of a score that no entry needs to have, and in `would_be_rank` the rank of an
   * entry that got it now. Codes: those of every read.
   */
  aroundScore(score: number, query?: AroundScoreQuery, options?: CallOptions): Promise<AroundScoreView>;
  /** The ranks of up to 200 players, such as friends, by one call. */
  ranks(question: RanksQuestion, options?: CallOptions): Promise<RanksView>;
  /** A player's rank on up to 32 boards; a board that has none says why by its `code`. */
  playerBoards(
    userId: string,
    boards: readonly string[],
    query?: PlayerBoardsQuery,
    options?: CallOptions,
  ): Promise<PlayerBoardsView>;
  /** A board's changes as they happen, until the caller leaves the loop or aborts the signal. */
  live(query?: LiveQuery, options?: LiveOptions): AsyncGenerator<Live<BoardEvent>, void, undefined>;
  /** A player's rank, and each change of it. Codes: `not_ranked`. */
  liveRank(
    userId: string,
    query?: LiveRankQuery,
    options?: LiveOptions,
  ): AsyncGenerator<Live<RankEvent>, void, undefined>;
  /**
   * For operators from the role `writer` on: writes the score of a player, who need not have
   * registered. Codes: `wrong_region`, those of operators, those of every write.
   */
  writeScore(userId: string, score: OperatorScore, options?: WriteOptions): Promise<WrittenEntry>;
  /**
   * For operators: all data about a player, with the entries of 100 boards; `cursor`, the `next` of
   * an answer, asks for those of others. Codes: `not_found`, those of operators.
   */
  playerRecord(userId: string, options?: CallOptions & PlayerRecordQuery): Promise<PlayerRecord>;
  /**
   * For moderators: hides a player from all boards and keeps the scores. Codes: `not_found`, those
   * of operators, `outcome_unknown`.
   */
  hidePlayer(userId: string, why?: OperatorReason, options?: CallOptions): Promise<PlayerVisibility>;
  /** For moderators: shows a hidden player again. */
  unhidePlayer(userId: string, why?: OperatorReason, options?: CallOptions): Promise<PlayerVisibility>;
  /**
   * For moderators: gives a player another name. Codes: `not_found`, those of operators,
   * `outcome_unknown`.
   */
  renamePlayer(userId: string, change: OperatorName, options?: CallOptions): Promise<RenamedPlayer>;
  /**
   * For admins: gives the player a random password, and ends the tokens from before. Codes:
   * `not_found`, those of operators.
   */
  resetPassword(userId: string, why?: OperatorReason, options?: CallOptions): Promise<GivenPassword>;
  /**
   * For moderators: changes the name or the metadata of one entry; null clears metadata. Codes:
   * `not_ranked`, `board_not_found`, `season_not_found`, `invalid_request`, those of operators,
   * `outcome_unknown`.
   */
  changeEntry(userId: string, board: string, change: EntryChange, options?: CallOptions): Promise<ChangedEntry>;
  /** For moderators: removes one entry. Codes: the same. */
  removeEntry(userId: string, board: string, which?: EntryRemoval, options?: CallOptions): Promise<RemovedEntry>;
  /** For moderators: erases a player, everywhere. Codes: those of operators, `outcome_unknown`. */
  erasePlayer(userId: string, options?: CallOptions): Promise<ErasedPlayer>;
  /**
   * The boards that the caller may read: 100, or from `cursor`, the `next` of an answer, on, until
   * `next` is null.
   */
  listBoards(query?: BoardsQuery, options?: CallOptions): Promise<BoardsView>;
  /** Codes: `board_not_found`. */
  readBoard(board: string, options?: CallOptions): Promise<BoardView>;
  /**
   * For admins: makes a board, or with `ifMatch`, the `rev` that was read, changes it. The
   * definition that is there changes nothing. Codes: `board_immutable`, `board_being_deleted`,
   * `precondition_required`, `precondition_failed`, those of operators, `outcome_unknown`.
   */
  putBoard(board: string, definition?: GivenBoard, options?: ChangeOptions): Promise<BoardView>;
  /**
   * For admins: changes some fields of a board. Codes: `board_not_found`, and those of `putBoard`.
   */
  changeBoard(board: string, change: BoardChange, options: ChangeOptions): Promise<BoardView>;
  /**
   * For admins: deletes a board; with `ifMatch`, that revision alone. It is gone at once. A repeat
   * resolves until its entries are removed and the id is free, and is `board_not_found` then.
   * Codes: `board_configured`, `precondition_failed`, those of operators, `outcome_unknown`.
   */
  deleteBoard(board: string, options?: ChangeOptions): Promise<DeletedBoard>;
  /**
   * The seasons of a board, the newest first: 100, or from `cursor`, the `next` of an answer, on,
   * until `next` is null. Codes: `board_not_found`, `archives_unavailable`.
   */
  listSeasons(board: string, query?: SeasonsQuery, options?: CallOptions): Promise<SeasonsView>;
  /** Codes: `board_not_found`, `season_not_found`, `archives_unavailable`. */
  readSeason(board: string, season: "current" | "previous" | number, options?: CallOptions): Promise<SeasonView>;
  /**
   * For admins: ends the season that runs, and no other than `expect`, which is `season_ended`.
   * After `outcome_unknown` read the board. Codes: `season_not_found`, `board_not_started`,
   * `season_not_ended`, those of operators.
   */
  endSeason(board: string, expect: number, options?: CallOptions): Promise<SeasonView>;
  health(options?: CallOptions): Promise<Health>;
  /** Resolves for a server that is not ready, too. */
  ready(options?: CallOptions): Promise<Readiness>;
  /** The OpenAPI document. */
  openapi(options?: CallOptions): Promise<Record<string, unknown>>;
}

const BOARD_EVENTS: Record<BoardEvent["event"], true> = {
  snapshot: true,
  change: true,
  season: true,
  stale: true,
  fresh: true,
};
const RANK_EVENTS: Record<RankEvent["event"], true> = { rank: true, not_ranked: true, stale: true, fresh: true };

/** @throws TypeError for a `url` that no request could be sent to */
export function createClient(options: ClientOptions): Client {
  const send = createSend(options);
  const authorization = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` };
  const onReads = options.readsWithToken === true ? authorization : {};

  async function ask<T>(outgoing: Outgoing): Promise<T> {
    const response = await send(outgoing);
    return (await response.json().catch(() => {
      throw notUnderstood(response);
    })) as T;
  }
  const get = <T>(target: string, { signal }: CallOptions = {}, more: Partial<Outgoing> = {}) =>
    ask<T>({ method: "GET", target, isRepeatable: true, signal, ...more });
  const read = <T>(target: string, more?: CallOptions) => get<T>(target, more, { headers: onReads });
  const follow = { ...options, headers: onReads };
  const enter = (target: string, body: unknown, { signal }: CallOptions = {}) =>
    ask<Session>({ method: "POST", target, body, isRepeatable: false, signal });
  const write = <T = WrittenEntry>(
    target: string,
    body: unknown,
    { signal, idempotencyKey = newKey() }: WriteOptions = {},
  ) => {
    const headers = { ...authorization, "Idempotency-Key": idempotencyKey };
    return ask<T>({ method: "POST", target, body, headers, isRepeatable: true, signal });
  };
  const act = <T>(target: string, body: unknown, { signal }: CallOptions = {}) =>
    ask<T>({ method: "POST", target, body, headers: authorization, isRepeatable: true, signal });

  const once = <T>(target: string, body: unknown, signal: AbortSignal | undefined) =>
    ask<T>({ method: "POST", target, body, headers: authorization, isRepeatable: false, signal });
  const change = <T>(
    method: "PUT" | "PATCH" | "DELETE",
    board: string,
    body: unknown,
    { signal, ifMatch }: ChangeOptions = {},
  ) => {
    const headers: Record<string, string> = { ...authorization };
    if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
    return ask<T>({ method, target: toBoard(board), body, headers, isRepeatable: method !== "PATCH", signal });
  };

  return {
    as: (token) => createClient({ ...options, token }),
    register: (player, more) => enter("/auth/register", player, more),
    login: (credentials, more) => enter("/auth/login", credentials, more),
    guest: (guest, more) => enter("/auth/guest", guest, more),
    setPassword: (body, { signal } = {}) => once("/auth/password", body, signal),
    refresh: (more) => act("/auth/refresh", undefined, more),
    changeName: (body, { signal } = {}) =>
      ask({ method: "PATCH", target: "/auth/me", body, headers: authorization, isRepeatable: true, signal }),
    submitScoreFor: (score, more) => write("/score", score, more),
    submitScores: (items, more) => write("/scores", { items }, more),
    submitScore: (score, more) => write("/score/submit", score, more),
    createScore: (score, more) => write("/score/create", score, more),
    setScore: (score, more) => write("/score/update", score, more),
    addScore: (score, more) => write("/score/add", score, more),
    top: (query, more) => read(`/top${toQuery(query)}`, more),
    async *pages({ from, cursor, ...query } = {}, more) {
      let page = await read<TopView>(`/top${toQuery({ ...query, from, cursor })}`, more);
      for (;;) {
        yield page;
        if (page.next === null) return;
        page = await read<TopView>(`/top${toQuery({ ...query, cursor: page.next })}`, more);
      }
    },
    rank: (userId, query, more) => read(`/rank/${encodeURIComponent(userId)}${toQuery(query)}`, more),
    around: (userId, query, more) => read(`/around/${encodeURIComponent(userId)}${toQuery(query)}`, more),
    aroundScore: (score, query, more) => read(`/around${toQuery({ ...query, score })}`, more),
    ranks: (question, { signal } = {}) =>
      ask({ method: "POST", target: "/ranks", body: question, headers: onReads, isRepeatable: true, signal }),
    playerBoards: (userId, boards, query, more) =>
      read(`${toPlayer(userId)}/boards${toQuery({ ...query, boards: boards.join(",") })}`, more),
    live: (query, more) => subscribe(follow, `/live${toQuery(query)}`, BOARD_EVENTS, more),
    liveRank: (userId, query, more) =>
      subscribe(follow, `/live/rank/${encodeURIComponent(userId)}${toQuery(query)}`, RANK_EVENTS, more),
    listBoards: (query, more) => read(`/boards${toQuery(query)}`, more),
    readBoard: (board, more) => read(toBoard(board), more),
    putBoard: (board, definition = {}, more) => change("PUT", board, definition, more),
    changeBoard: (board, fields, more) => change("PATCH", board, fields, more),
    deleteBoard: (board, more) => change("DELETE", board, undefined, more),
    listSeasons: (board, query, more) => read(`${toBoard(board)}/seasons${toQuery(query)}`, more),
    readSeason: (board, season, more) => read(`${toBoard(board)}/seasons/${season}`, more),
    endSeason: (board, expect, { signal } = {}) => {
      const target = `${toBoard(board)}/seasons/current/end`;
      return ask({ method: "POST", target, body: { expect }, headers: authorization, isRepeatable: false, signal });
    },
    writeScore: (userId, score, more) => write(`${toPlayer(userId)}/score`, score, more),
    playerRecord: (userId, { cursor, limit, with: extra, signal } = {}) =>
      get(`${toPlayer(userId)}${toQuery({ cursor, limit, with: extra })}`, { signal }, { headers: authorization }),
    hidePlayer: (userId, why, more) => act<PlayerVisibility>(`${toPlayer(userId)}/hide`, why, more),
    unhidePlayer: (userId, why, more) => act<PlayerVisibility>(`${toPlayer(userId)}/unhide`, why, more),
    renamePlayer: (userId, change, more) => act<RenamedPlayer>(`${toPlayer(userId)}/rename`, change, more),
    resetPassword: (userId, why, { signal } = {}) => once(`${toPlayer(userId)}/password`, why, signal),
    changeEntry: (userId, board, body, { signal } = {}) =>
      ask({
        method: "PATCH",
        target: toEntry(userId, board),
        body,
        headers: authorization,
        isRepeatable: true,
        signal,
      }),
    removeEntry: (userId, board, which, { signal } = {}) => {
      const target = toEntry(userId, board) + toQuery(which);
      return ask({ method: "DELETE", target, headers: authorization, isRepeatable: true, signal });
    },
    erasePlayer: (userId, { signal } = {}) =>
      ask({ method: "DELETE", target: toPlayer(userId), headers: authorization, isRepeatable: true, signal }),
    health: (more) => get("/health", more),
    ready: (more) => get("/ready", more, { acceptedStatus: 503 }),
    openapi: (more) => get("/openapi.json", more),
  };
}

const toBoard = (board: string) => `/boards/${encodeURIComponent(board)}`;
const toPlayer = (userId: string) => `/players/${encodeURIComponent(userId)}`;
const toEntry = (userId: string, board: string) => `${toPlayer(userId)}/entries/${encodeURIComponent(board)}`;

function toQuery(query: object = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const text = String(parameters);
  return text === "" ? "" : `?${text}`;
}

/** 128 random bits. Pages without TLS lack `crypto.randomUUID`. */
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
