import type { Options } from "k6/options";
import { type Player, randomPlayer, registerPlayers } from "./players.ts";
import { ADD, add, around, BEST_BOARD, RANK, rank, SUBMIT, submit, TOP, top, tryBest } from "./requests.ts";
import { COMMON, constantRate, durationThresholds, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** Checks that every route works: a few requests of each, in the order of a player. */
export const options: Options = {
  ...COMMON,
  scenarios: { smoke: constantRate(5, "10s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationThresholds(ADD, 500, 900),
    ...durationThresholds(SUBMIT, 500, 900),
    ...durationThresholds(TOP, 500, 900),
    ...durationThresholds(RANK, 500, 900),
  },
};

export const setup = registerPlayers;
export const handleSummary = summaryOf("smoke");

export default function (players: Player[]): void {
  const player = randomPlayer(players);
  add(player);
  submit(player);
  if (BEST_BOARD !== undefined) tryBest(player, BEST_BOARD);
  rank(player, player.region);
  around(player, "GLOBAL");
  top(player.region);
}
