import type { Options } from "k6/options";
import { anyOf, type Player, registerPlayers } from "./players.ts";
import { ADD, add, around, RANK, rank, TOP, top } from "./requests.ts";
import { COMMON, constantRate, durationOf, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** Does every route work at all? A few of each, in the order of a player. */
export const options: Options = {
  ...COMMON,
  scenarios: { smoke: constantRate(5, "10s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationOf(ADD, 500, 900),
    ...durationOf(TOP, 500, 900),
    ...durationOf(RANK, 500, 900),
  },
};

export const setup = registerPlayers;
export const handleSummary = summaryOf("smoke");

export default function (players: Player[]): void {
  const player = anyOf(players);
  add(player);
  rank(player, player.region);
  around(player, "GLOBAL");
  top(player.region);
}
