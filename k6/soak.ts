import type { Options } from "k6/options";
import { anyOf, type Player } from "./players.ts";
import { ADD, AROUND, play, RANK, rankPlayers, TOP } from "./requests.ts";
import { COMMON, constantRate, durationOf, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

// In hours a store may once be away for a moment, and what it costs then is a 503 within a second.
const RARELY = { checks: ["rate>0.999"], http_req_failed: ["rate<0.001"] };

/**
 * Hours of the mixed load at half its rate: what leaks, grows or falls behind shows in the
 * dashboard meanwhile.
 */
export const options: Options = {
  ...COMMON,
  scenarios: { soak: constantRate(30, "1h") },
  thresholds: {
    ...THRESHOLDS,
    ...RARELY,
    ...durationOf(ADD, 500, 900),
    ...durationOf(TOP, 500, 900),
    ...durationOf(RANK, 500, 900),
    ...durationOf(AROUND, 500, 900),
  },
};

export const setup = rankPlayers;
export const handleSummary = summaryOf("soak");

export default function (players: Player[]): void {
  play(anyOf(players));
}
