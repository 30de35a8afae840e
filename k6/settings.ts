import type { ConstantArrivalRateScenario, Options } from "k6/options";

/** Where the gateway, or whatever stands before several, listens. */
export const URL_BASE = __ENV.URL || "http://127.0.0.1:4000";

// Users for two seconds of answers that do not come: twice what is promised, so that a slow answer
// is seen in the durations, and not as load that was left out.
const VUS_PER_RATE = 2;

/**
 * So many iterations begun a second, however slowly the answers come: a slow server does not slow
 * down its load.
 *
 * @param rate a second, unless RATE says otherwise
 * @param duration unless DURATION says otherwise
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

/**
 * What every scenario promises: nothing fails, every answer is right, every iteration took place.
 */
export const THRESHOLDS = {
  checks: ["rate==1"],
  http_req_failed: ["rate==0"],
  dropped_iterations: ["count==0"],
} satisfies Options["thresholds"];

/**
 * Bounds of the 95th and the 99th percentile, in milliseconds, for one route: a name of
 * `requests.ts`.
 */
export const durationOf = (route: string, p95: number, p99: number) => ({
  [`http_req_duration{name:${route}}`]: [`p(95)<${p95}`, `p(99)<${p99}`],
});

/** For `options`: what is the same everywhere. */
export const COMMON = {
  setupTimeout: "120s",
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
  userAgent: "leaderboard-k6",
} satisfies Options;
