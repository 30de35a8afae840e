import { GLOBAL, shardOf } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { SUBMIT_SOURCE, toSharedCall, toWriteCall } from "../../ranker/src/writes/submit-call.ts";
import { type BoardUnderLoad, REGION, TOPOLOGY } from "./board-under-load.ts";
import { RANDOM_PLAYER } from "./redis-benchmark.ts";
import { QUEUE_MAX } from "./services.ts";
import type { Asked } from "./wrk.ts";

export const ROUTE_NAMES = ["submit", "rank", "top", "top GLOBAL"] as const;
export type RouteName = (typeof ROUTE_NAMES)[number];

/** A request, and what a bare server does at the least to answer it. */
export interface Route {
  readonly name: RouteName;
  readonly asked: Asked;
  /** A command of Redis, for that many players; or an answer of that many bytes. */
  readonly yardstick: { command: readonly string[]; players: number } | { path: string };
  readonly isWrite: boolean;
}

const DELTA = 5;
const TOP_PATHS = { top: `/top?region=${REGION}`, "top GLOBAL": `/top?region=${GLOBAL}` };

/** The routes with their yardsticks; the scripts are loaded into Redis on the way. */
export async function prepareRoutes(board: BoardUnderLoad): Promise<Route[]> {
  const { admin, players, run, tokens, tokensFile } = board;
  const sha1 = String(await admin.send("SCRIPT", ["LOAD", SUBMIT_SOURCE]));
  const top = (name: keyof typeof TOP_PATHS): Route => ({
    name,
    asked: ["get", TOP_PATHS[name]],
    yardstick: { path: TOP_PATHS[name] },
    isWrite: false,
  });
  return [
    {
      name: "submit",
      asked: ["submit", tokensFile, DELTA],
      isWrite: true,
      yardstick: { command: submitCommand(sha1, run, players.at(0).name), players: tokens.length },
    },
    {
      name: "rank",
      asked: ["rank", players.count, REGION],
      isWrite: false,
      yardstick: { command: ["ZREVRANK", "bare", RANDOM_PLAYER], players: players.count },
    },
    top("top"),
    top("top GLOBAL"),
  ];
}

/**
 * What the ranker sends for a submit that comes alone. Each place that names the player gets another one of those that
 * write: the work is the same, and what is left behind is no player's state.
 */
function submitCommand(sha1: string, run: string, name: string): string[] {
  const shard = shardOf(TOPOLOGY, REGION, RANDOM_PLAYER);
  const shared = toSharedCall({ topology: TOPOLOGY, queueMax: QUEUE_MAX }, shard, MAIN_BOARD);
  const write = toWriteCall(
    shard,
    { userId: RANDOM_PLAYER, name, region: REGION },
    { operation: "add", board: MAIN_BOARD, value: DELTA },
  );
  const keys = [...shared.keys, ...write.keys];
  return ["EVALSHA", sha1, String(keys.length), ...keys, run, ...shared.args.map(String), ...write.args.map(String)];
}
