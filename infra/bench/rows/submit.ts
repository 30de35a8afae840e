import { shardOf } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { SUBMIT_SOURCE, toSharedCall, toWriteCall } from "../../../ranker/src/writes/submit-script.ts";
import { type Comparison, rateOf } from "../harness/comparison.ts";
import { RANDOM_PLAYER } from "../load/redis-benchmark.ts";
import type { CellOf, Route } from "../load/route-cells.ts";
import type { Board } from "../stage/board.ts";
import { QUEUE_MAX } from "../stage/services.ts";
import { REGION, TOPOLOGY } from "../stage/topology.ts";

const DELTA = 5;

export const toSubmitRow = (submit: Route, cellOf: CellOf): Comparison => ({
  row: "submit",
  what: "submit at the ranker",
  yardstick: "redis-benchmark, the same script",
  unit: "/s",
  ours: rateOf(cellOf(submit, "ranker")),
  theirs: rateOf(cellOf(submit, "yardstick")),
  aims: [{ of: "ratio", at: "least", value: 0.7 }],
});

/** Submits, and the call of `submit.lua` that the ranker makes for a single one. Loads the script into Redis. */
export async function toSubmitRoute({ redis, run, players, tokensFile, tokens }: Board): Promise<Route> {
  const sha1 = String(await redis.admin.send("SCRIPT", ["LOAD", SUBMIT_SOURCE]));
  // redis-benchmark puts a different player into each place that names one: the work is that of a real call, the state
  // that it leaves is not.
  const shard = shardOf(TOPOLOGY, REGION, RANDOM_PLAYER);
  const shared = toSharedCall({ topology: TOPOLOGY, queueMax: QUEUE_MAX }, { shard, board: MAIN_BOARD });
  const write = toWriteCall(
    shard,
    { userId: RANDOM_PLAYER, name: players.at(0).name, region: REGION },
    { operation: "add", board: MAIN_BOARD, value: DELTA },
  );
  const keys = [...shared.keys, ...write.keys];
  const args = [...shared.args, ...write.args].map(String);
  return {
    name: "submit",
    request: ["submit", tokensFile, DELTA],
    isWrite: true,
    yardstick: {
      command: ["EVALSHA", sha1, String(keys.length), ...keys, run, ...args],
      players: tokens.length,
    },
  };
}
