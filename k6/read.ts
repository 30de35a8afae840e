import type { Options } from "k6/options";
import { type Player, randomPlayer } from "./players.ts";
import { AROUND, RANK, read, registerRankedPlayers, TOP } from "./requests.ts";
import { COMMON, constantRate, durationThresholds, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** Reads only: a third each of top, rank and around, of a board with all players. */
export const options: Options = {
  ...COMMON,
  scenarios: { read: constantRate(60, "30s") },
  thresholds: {
    ...THRESHOLDS,
    ...durationThresholds(TOP, 500, 900),
    ...durationThresholds(RANK, 500, 900),
    ...durationThresholds(AROUND, 500, 900),
  },
};

export const setup = registerRankedPlayers;
export const handleSummary = summaryOf("read");

export default function (players: Player[]): void {
  read(randomPlayer(players));
}
