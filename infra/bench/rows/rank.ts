import { type Comparison, rateOf } from "../harness/comparison.ts";
import { RANDOM_PLAYER } from "../load/redis-benchmark.ts";
import type { CellOf, Route } from "../load/route-cells.ts";
import type { Board } from "../stage/board.ts";
import { REGION } from "../stage/topology.ts";

export const toRankRow = (rank: Route, cellOf: CellOf): Comparison => ({
  row: "rank",
  what: "rank at the ranker",
  yardstick: "redis-benchmark, bare ZREVRANK",
  unit: "/s",
  ours: rateOf(cellOf(rank, "ranker")),
  theirs: rateOf(cellOf(rank, "yardstick")),
  aims: [{ of: "ratio", at: "least", value: 0.6 }],
});

/** Ranks of random players, and the command that finds one in the bare sorted set. */
export const toRankRoute = ({ players }: Board): Route => ({
  name: "rank",
  request: ["rank", players.count, REGION],
  isWrite: false,
  yardstick: { command: ["ZREVRANK", "bare", RANDOM_PLAYER], players: players.count },
});
