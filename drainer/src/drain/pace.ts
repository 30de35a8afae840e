import { backoffMs } from "shared/base/backoff";
import { LEASE_TTL_MS } from "../queues/lease.ts";
import type { Step } from "./drain.ts";

const BACKOFF_MS = { min: 100, max: 2_000 };

/** Whoever waits for a lease looks twice as often as it ends. */
const LOOK_INTERVAL_MS = LEASE_TTL_MS / 2;
/** How long a lease that was given back is left alone by the one who did, so that everybody else has looked meanwhile. */
export const YIELD_PAUSE_MS = 2 * LOOK_INTERVAL_MS;

/** Milliseconds until the next step after one that succeeded. */
export function pauseAfter(step: Step, intervalMs: number): number {
  if (step.state === "held_elsewhere") return LOOK_INTERVAL_MS;
  return step.state === "drained" && step.isFull ? 0 : intervalMs;
}

/** Milliseconds until the next try after `failures` steps that failed in a row. @param random in [0, 1) */
export const backoffAfter = (failures: number, random?: number): number => backoffMs(failures, BACKOFF_MS, random);
