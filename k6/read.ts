import type { Options } from "k6/options";
import { anyOf, type Player } from "./players.ts";
import { AROUND, RANK, rankPlayers, read, TOP } from "./requests.ts";
import { COMMON, constantRate, durationOf, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** Reads alone, a third each of top, rank and around, of a board that everybody is on. */
export const options: Options = {
  ...COMMON,
  scenarios: { read: constantRate(60, "30s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationOf(TOP, 500, 900),
    ...durationOf(RANK, 500, 900),
    ...durationOf(AROUND, 500, 900),
  },
};

export const setup = rankPlayers;
export const handleSummary = summaryOf("read");

export default function (players: Player[]): void {
  read(anyOf(players));
}
