import type { Options } from "k6/options";
import { type Player, randomPlayer } from "./players.ts";
import { ADD, AROUND, play, RANK, registerRankedPlayers, TOP } from "./requests.ts";
import { COMMON, constantRate, durationThresholds, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

// Within hours a store may be down for a moment; requests then get a 503 within a second.
const RARELY = { checks: ["rate>0.999"], http_req_failed: ["rate<0.001"] };

/** The mixed load at half its rate for hours, to find leaks, growth and backlogs. */
export const options: Options = {
  ...COMMON,
  scenarios: { soak: constantRate(30, "1h") },
  thresholds: {
    ...THRESHOLDS,
    ...RARELY,
    ...durationThresholds(ADD, 500, 900),
    ...durationThresholds(TOP, 500, 900),
    ...durationThresholds(RANK, 500, 900),
    ...durationThresholds(AROUND, 500, 900),
  },
};

export const setup = registerRankedPlayers;
export const handleSummary = summaryOf("soak");

export default function (players: Player[]): void {
  play(randomPlayer(players));
}
