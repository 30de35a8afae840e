import type { Options } from "k6/options";
import { anyOf, type Player } from "./players.ts";
import { ADD, AROUND, play, RANK, rankPlayers, TOP } from "./requests.ts";
import { COMMON, constantRate, durationOf, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** What a game does: 60 % writes, 40 % reads. */
export const options: Options = {
  ...COMMON,
  scenarios: { mixed: constantRate(60, "30s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationOf(ADD, 500, 900),
    ...durationOf(TOP, 500, 900),
    ...durationOf(RANK, 500, 900),
    ...durationOf(AROUND, 500, 900),
  },
};

export const setup = rankPlayers;
export const handleSummary = summaryOf("mixed");

export default function (players: Player[]): void {
  play(anyOf(players));
}
