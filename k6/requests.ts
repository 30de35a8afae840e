import { check } from "k6";
import http, { type RefinedResponse } from "k6/http";
import { type Player, registerPlayers } from "./players.ts";
import { URL_BASE } from "./settings.ts";

export const ADD = "POST /score/add";
export const SUBMIT = "POST /score";
export const BEST = "POST /score/submit";
export const TOP = "GET /top";
export const RANK = "GET /rank";
export const AROUND = "GET /around";
export const READS = [TOP, RANK, AROUND];

type Answer = RefinedResponse<"text">;

const POINTS_MAX = 100;

/**
 * The board of `add` and of the reads. It may have seasons, which end meanwhile: a player has no
 * rank in a new one before the first write.
 */
export const BOARD = __ENV.BOARD || "main";
export const FOUND = BOARD === "main" ? [200] : [200, 404];

/** Adds points to a player's score, and checks that the answer is the player's own ranked entry. */
export const add = (player: Player, expected = [200]): Answer =>
  write(ADD, player, { body: { board: BOARD, delta: somePoints() }, expected });

/** Submits a score by the player's id, as a game server does; here with the player's own token. */
export const submit = (player: Player): Answer =>
  write(SUBMIT, player, {
    body: { user_id: player.user_id, region: player.region, score: somePoints() },
    expected: [200],
  });

/** A board that keeps the best score, such as `./lb board create k6-best --operator best` makes. */
export const BEST_BOARD = __ENV.BEST_BOARD;

/** Tries to improve the player's score on such a board, and checks that the better one is there. */
export function tryBest(player: Player, board: string): void {
  const score = somePoints();
  const answer = write(BEST, player, { body: { board, score }, expected: [200] });
  check(answer, {
    [`${BEST}: the best score, and whether it is this one`]: () => {
      const [kept, before] = [Number(answer.json("score")), answer.json("previous.score")];
      return kept === Math.max(score, Number(before ?? score)) && answer.json("changed") === (kept !== before);
    },
  });
}

const somePoints = () => 1 + Math.floor(Math.random() * POINTS_MAX);

function write(name: string, player: Player, { body, expected }: { body: object; expected: number[] }): Answer {
  const response = http.post(`${URL_BASE}${name.replace("POST ", "")}`, JSON.stringify(body), {
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${player.token}` },
    tags: { name },
    responseCallback: http.expectedStatuses(...expected),
  });
  check(response, {
    [`${name}: ${expected.join(" or ")}`]: ({ status }) => expected.includes(status),
    [`${name}: the player's own entry, or Retry-After`]: (answer) =>
      answer.status === 200
        ? answer.json("user_id") === player.user_id && Number(answer.json("rank")) >= 1
        : answer.headers["Retry-After"] !== undefined,
  });
  return response;
}

/** Registers players and puts all of them on the board, so that every read finds an entry. */
export function registerRankedPlayers(): Player[] {
  const players = registerPlayers();
  for (const player of players) add(player);
  return players;
}

/** Reads the top, a rank or the neighbours, of the player's region or of `GLOBAL`. */
export function read(player: Player): Answer {
  const region = Math.random() < 0.5 ? player.region : "GLOBAL";
  const route = READS[Math.floor(Math.random() * READS.length)];
  if (route === TOP) return top(region);
  return route === RANK ? rank(player, region) : around(player, region);
}

const WRITE_SHARE = 0.6;

/** One request of a game: a write or a read. */
export function play(player: Player): void {
  if (Math.random() < WRITE_SHARE) add(player);
  else read(player);
}

interface Expected {
  isRight: (answer: Answer) => boolean;
  expected: number[];
}

function get(name: string, path: string, { isRight, expected }: Expected): Answer {
  const responseCallback = http.expectedStatuses(...expected);
  const response = http.get(`${URL_BASE}${path}&board=${BOARD}`, { tags: { name }, responseCallback });
  check(response, {
    [`${name}: ${expected.join(" or ")}, in order`]: (answer) =>
      answer.status === 200 ? isRight(answer) : expected.includes(answer.status),
  });
  return response;
}

export const top = (region: string) =>
  get(TOP, `/top?region=${region}&limit=50`, {
    isRight: (answer) => isRanked(answer.json("entries")),
    expected: [200],
  });

export const rank = ({ user_id }: Player, region: string) =>
  get(RANK, `/rank/${user_id}?region=${region}`, {
    isRight: (answer) => answer.json("user_id") === user_id,
    expected: FOUND,
  });

export const around = ({ user_id }: Player, region: string) =>
  get(AROUND, `/around/${user_id}?region=${region}&range=10`, {
    isRight: (answer) => isRanked(answer.json("around")),
    expected: FOUND,
  });

interface Ranked {
  rank: number;
  score: number;
}

/**
 * True if ranks ascend and scores do not. `around` leaves out the player in its middle, so that a
 * rank may be skipped once.
 */
const isRanked = (entries: unknown) =>
  Array.isArray(entries) &&
  entries.every(({ rank, score }: Ranked, index) => {
    const before = entries[index - 1] as Ranked | undefined;
    return before === undefined || (rank > before.rank && rank <= before.rank + 2 && score <= before.score);
  });
