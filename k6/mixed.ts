import type { Options } from "k6/options";
import { type Player, randomPlayer } from "./players.ts";
import { ADD, AROUND, play, RANK, registerRankedPlayers, TOP } from "./requests.ts";
import { COMMON, constantRate, durationThresholds, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** The load of a game: 60 % writes, 40 % reads. */
export const options: Options = {
  ...COMMON,
  scenarios: { mixed: constantRate(60, "30s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationThresholds(ADD, 500, 900),
    ...durationThresholds(TOP, 500, 900),
    ...durationThresholds(RANK, 500, 900),
    ...durationThresholds(AROUND, 500, 900),
  },
};

export const setup = registerRankedPlayers;
export const handleSummary = summaryOf("mixed");

export default function (players: Player[]): void {
  play(randomPlayer(players));
}
