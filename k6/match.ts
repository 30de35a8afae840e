import { check, fail } from "k6";
import exec from "k6/execution";
import http, { type RefinedResponse } from "k6/http";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { type Player, registerPlayers } from "./players.ts";
import { BOARD, FOUND, RANK } from "./requests.ts";
import { COMMON, constantRate, durationThresholds, THRESHOLDS, URL_BASE } from "./settings.ts";
import { summaryOf } from "./summary.ts";

const SCORES = "POST /scores";
const RANKS = "POST /ranks";
/** Of a game server: `./lb token make k6 --role writer`. */
const TOKEN = __ENV.OPERATOR_TOKEN;
const PLAYERS_A_MATCH = 10;
const POINTS_MAX = 1_000;

const match = new Trend("match_ms");
const results = new Counter("results");
const refused = new Counter("refused_results");

/**
 * The end of a match: its server sends the results of ten players in one call, then each of them
 * reads the own rank and those of the others.
 */
export const options: Options = {
  ...COMMON,
  scenarios: { match: constantRate(4, "30s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationThresholds(SCORES, 500, 900),
    ...durationThresholds(RANK, 500, 900),
    ...durationThresholds(RANKS, 500, 900),
    match_ms: ["p(95)<1000"],
    results: ["count>0"],
    refused_results: ["count==0"],
  },
};

export function setup(): Player[] {
  if (!TOKEN) fail("OPERATOR_TOKEN= is missing: OPERATOR_TOKEN=$(./lb token make k6 --role writer)");
  const players = registerPlayers();
  if (players.length < PLAYERS_A_MATCH) fail(`PLAYERS= must be at least ${PLAYERS_A_MATCH}`);
  return players;
}

export const handleSummary = summaryOf("match");

export default function (players: Player[]): void {
  const startedAt = Date.now();
  const together = playersOf(players);
  report(together);
  const answers = http.batch(together.flatMap((player) => [toRank(player), toRanks(together)]));
  together.forEach((player, index) => {
    checkRank(answers[2 * index] as Answer, player);
    checkRanks(answers[2 * index + 1] as Answer, together);
  });
  match.add(Date.now() - startedAt);
}

type Answer = RefinedResponse<"text">;

/** Ten neighbours in the list of all players, whose regions follow each other. */
function playersOf(players: readonly Player[]): Player[] {
  const first = Math.floor(Math.random() * players.length);
  return Array.from({ length: PLAYERS_A_MATCH }, (_, n) => players[(first + n) % players.length] as Player);
}

/** Sends the results, each under a key of its own, and checks that every one was taken. */
function report(together: readonly Player[]): void {
  const key = `match-${exec.scenario.startTime}-${exec.scenario.iterationInTest}`;
  const items = together.map(({ user_id, region }, index) => ({
    user_id,
    region,
    board: BOARD,
    score: 1 + Math.floor(Math.random() * POINTS_MAX),
    idempotency_key: `${key}-${index}`,
  }));
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}` };
  const answer = http.post(`${URL_BASE}/scores`, JSON.stringify({ items }), { headers, tags: { name: SCORES } });
  const taken = answer.status === 200 ? (answer.json("items") as unknown as Item[]) : [];
  const isTaken = ({ status, user_id }: Item, index: number) => status < 300 && user_id === items[index]?.user_id;
  check(answer, {
    [`${SCORES}: 200`]: ({ status }) => status === 200,
    [`${SCORES}: each result was taken, in their order`]: () => taken.length === items.length && taken.every(isTaken),
  });
  const count = taken.filter(isTaken).length;
  results.add(count);
  refused.add(items.length - count);
}

interface Item {
  status: number;
  user_id?: string;
}

const toRank = ({ user_id, region }: Player) => ({
  method: "GET" as const,
  url: `${URL_BASE}/rank/${user_id}?region=${region}&board=${BOARD}`,
  params: { tags: { name: RANK }, responseCallback: http.expectedStatuses(...FOUND) },
});

const toRanks = (together: readonly Player[]) => ({
  method: "POST" as const,
  url: `${URL_BASE}/ranks`,
  body: JSON.stringify({ board: BOARD, region: "GLOBAL", ids: together.map(({ user_id }) => user_id) }),
  params: { headers: { "Content-Type": "application/json" }, tags: { name: RANKS } },
});

function checkRank(answer: Answer, { user_id }: Player): void {
  check(answer, {
    [`${RANK}: ${FOUND.join(" or ")}, the own one`]: ({ status }) =>
      status === 200 ? answer.json("user_id") === user_id : FOUND.includes(status),
  });
}

interface Ranked {
  user_id: string;
  position: number;
  rank: number;
}

/**
 * All have just been written, and so all are ranked: each once, in the order of their ranks. Where
 * a season may have ended meanwhile, those who are ranked are in order.
 */
function checkRanks(answer: Answer, together: readonly Player[]): void {
  check(answer, {
    [`${RANKS}: 200, all of them in their order`]: ({ status }) => {
      if (status !== 200) return false;
      const entries = answer.json("entries") as unknown as Ranked[];
      const known = new Set(entries.map(({ user_id }) => user_id));
      const isInOrder = entries.every(
        ({ position, rank }, index) => position === index + 1 && rank > (entries[index - 1]?.rank ?? 0),
      );
      if (FOUND.includes(404)) return isInOrder;
      return isInOrder && entries.length === together.length && together.every(({ user_id }) => known.has(user_id));
    },
  });
}
