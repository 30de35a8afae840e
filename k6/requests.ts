import { check } from "k6";
import http, { type RefinedResponse } from "k6/http";
import { type Player, registerPlayers } from "./players.ts";
import { URL_BASE } from "./settings.ts";

export const ADD = "POST /score/add";
export const TOP = "GET /top";
export const RANK = "GET /rank";
export const AROUND = "GET /around";
export const READS = [TOP, RANK, AROUND];

type Answer = RefinedResponse<"text">;

const POINTS_MAX = 100;

/**
 * Adds points to a player's score, and sees that the entry which comes back is the player's and
 * ranked.
 */
export function add(player: Player, expected = [200]): Answer {
  const response = http.post(
    `${URL_BASE}/score/add`,
    JSON.stringify({ delta: 1 + Math.floor(Math.random() * POINTS_MAX) }),
    {
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${player.token}` },
      tags: { name: ADD },
      responseCallback: http.expectedStatuses(...expected),
    },
  );
  check(response, {
    [`${ADD}: ${expected.join(" or ")}`]: ({ status }) => expected.includes(status),
    [`${ADD}: the player's own entry, or when to come back`]: (answer) =>
      answer.status === 200
        ? answer.json("user_id") === player.user_id && Number(answer.json("rank")) >= 1
        : answer.headers["Retry-After"] !== undefined,
  });
  return response;
}

/** Players who are all on the board, so that every read has something to find. */
export function rankPlayers(): Player[] {
  const players = registerPlayers();
  for (const player of players) add(player);
  return players;
}

/** Reads the top, a rank or a neighbourhood, of the player's region or of everybody. */
export function read(player: Player): Answer {
  const region = Math.random() < 0.5 ? player.region : "GLOBAL";
  const which = READS[Math.floor(Math.random() * READS.length)];
  if (which === TOP) return top(region);
  return which === RANK ? rank(player, region) : around(player, region);
}

// What a game does: 60 % writes, 40 % reads.
const WRITES = 0.6;

/** Of what a game does, one thing. */
export function play(player: Player): void {
  if (Math.random() < WRITES) add(player);
  else read(player);
}

function get(name: string, path: string, isRight: (answer: Answer) => boolean): Answer {
  const response = http.get(`${URL_BASE}${path}`, { tags: { name } });
  check(response, { [`${name}: 200, in order`]: (answer) => answer.status === 200 && isRight(answer) });
  return response;
}

export const top = (region: string) =>
  get(TOP, `/top?region=${region}&limit=50`, (answer) => isRanked(answer.json("entries")));

export const rank = ({ user_id }: Player, region: string) =>
  get(RANK, `/rank/${user_id}?region=${region}`, (answer) => answer.json("user_id") === user_id);

export const around = ({ user_id }: Player, region: string) =>
  get(AROUND, `/around/${user_id}?region=${region}&range=10`, (answer) => isRanked(answer.json("around")));

interface Ranked {
  rank: number;
  score: number;
}

/**
 * Ranks ascend by one, but for the player who stands in the middle of `around`; scores never do.
 */
const isRanked = (entries: unknown) =>
  Array.isArray(entries) &&
  entries.every(({ rank, score }: Ranked, index) => {
    const before = entries[index - 1] as Ranked | undefined;
    return before === undefined || (rank > before.rank && rank <= before.rank + 2 && score <= before.score);
  });
