import type { Options } from "k6/options";
import { type Player, randomPlayer, registerPlayers } from "./players.ts";
import { ADD, add } from "./requests.ts";
import { COMMON, constantRate, durationThresholds, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** Writes only, from players of every region. */
export const options: Options = {
  ...COMMON,
  scenarios: { submit: constantRate(60, "30s") },
  thresholds: { ...THRESHOLDS, ...durationThresholds(ADD, 500, 900) },
};

export const setup = registerPlayers;
export const handleSummary = summaryOf("submit");

export default function (players: Player[]): void {
  add(randomPlayer(players));
}
