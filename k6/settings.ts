import type { ConstantArrivalRateScenario, Options } from "k6/options";

/** The URL of the gateway, or of the proxy before several gateways. */
export const URL_BASE = __ENV.URL || "http://127.0.0.1:4000";

// Enough virtual users for two seconds without an answer, twice the promise: a slow answer then
// shows in the durations, not as dropped load.
const VUS_PER_RATE = 2;

/**
 * Starts iterations at a constant rate, so that a slow server does not slow down its load.
 *
 * @param rate iterations a second; RATE overrides it
 * @param duration DURATION overrides it
 */
export function constantRate(rate: number, duration: string): ConstantArrivalRateScenario {
  const perSecond = Number(__ENV.RATE || rate);
  return {
    executor: "constant-arrival-rate",
    rate: perSecond,
    timeUnit: "1s",
    duration: __ENV.DURATION || duration,
    preAllocatedVUs: Math.ceil(perSecond * VUS_PER_RATE),
  };
}

/** Of every scenario: no request fails, every answer is right, every iteration takes place. */
export const THRESHOLDS = {
  checks: ["rate==1"],
  http_req_failed: ["rate==0"],
  dropped_iterations: ["count==0"],
} satisfies Options["thresholds"];

/** Bounds for the 95th and 99th percentile of a route of `requests.ts`, in milliseconds. */
export const durationThresholds = (route: string, p95: number, p99: number) => ({
  [`http_req_duration{name:${route}}`]: [`p(95)<${p95}`, `p(99)<${p99}`],
});

/** The `options` that all scenarios share. */
export const COMMON = {
  setupTimeout: "120s",
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
  userAgent: "leaderboard-k6",
} satisfies Options;
