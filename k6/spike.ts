import { sleep } from "k6";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";
import type { Options } from "k6/options";
import { type Player, randomPlayer, registerPlayers } from "./players.ts";
import { ADD, add } from "./requests.ts";
import { COMMON, THRESHOLDS } from "./settings.ts";
import { summaryOf } from "./summary.ts";

/** Players who write. At 20 writes a second each, the limits allow far less than the spike. */
const SPIKING = 5;
const RATE = Number(__ENV.RATE || 20);
const SPIKE_RATE = Number(__ENV.SPIKE_RATE || 200);
const CALM_SECONDS = 10;
const SPIKE_SECONDS = 15;

const recovery = new Trend("recovery_ms");
const recovered = new Counter("recovered");
const limited = new Counter("limited");

/**
 * From calm to far beyond the limits and back. Every answer is a success or a 429 with
 * `Retry-After`. Afterwards measures how soon each limited player is served again.
 */
export const options: Options = {
  ...COMMON,
  scenarios: {
    spike: {
      executor: "ramping-arrival-rate",
      startRate: RATE,
      timeUnit: "1s",
      preAllocatedVUs: 200,
      maxVUs: 400,
      stages: [
        { target: RATE, duration: `${CALM_SECONDS}s` },
        { target: SPIKE_RATE, duration: "0s" },
        { target: SPIKE_RATE, duration: `${SPIKE_SECONDS}s` },
      ],
    },
    recovery: {
      executor: "per-vu-iterations",
      vus: SPIKING,
      iterations: 1,
      exec: "recover",
      startTime: `${CALM_SECONDS + SPIKE_SECONDS}s`,
    },
  },
  thresholds: {
    ...THRESHOLDS,
    limited: ["count>0"],
    recovered: [`count==${SPIKING}`],
    recovery_ms: ["max<3000"],
    [`http_req_duration{name:${ADD}}`]: ["p(99)<1000"],
  },
};

export const setup = () => registerPlayers().slice(0, SPIKING);
export const handleSummary = summaryOf("spike");

export default function (players: Player[]): void {
  if (add(randomPlayer(players), [200, 429]).status === 429) limited.add(1);
}

export function recover(players: Player[]): void {
  const startedAt = Date.now();
  const player = players[exec.scenario.iterationInTest % players.length] ?? randomPlayer(players);
  while (add(player, [200, 429]).status !== 200) sleep(0.05);
  recovery.add(Date.now() - startedAt);
  recovered.add(1);
}
