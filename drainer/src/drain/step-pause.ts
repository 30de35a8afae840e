import { backoffMs } from "shared/base/backoff";
import { LEASE_TTL_MS } from "../leases/lease.ts";
import type { Step } from "./drain.ts";

const BACKOFF_MS = { min: 100, max: 2_000 };

/** A drainer that waits for a lease asks twice within its TTL. */
const LEASE_POLL_MS = LEASE_TTL_MS / 2;
/**
 * A drainer that gave its lease back leaves it alone this long, in which every other drainer has
 * asked for it.
 */
export const YIELD_PAUSE_MS = 2 * LEASE_POLL_MS;

/** Milliseconds until the next step after one that succeeded. */
export function pauseAfter(step: Step, intervalMs: number): number {
  if (step.state === "held_elsewhere") return LEASE_POLL_MS;
  return step.state === "drained" && step.isFull ? 0 : intervalMs;
}

/**
 * Milliseconds until the next try after `failures` steps that failed in a row.
 *
 * @param random in [0, 1)
 */
export const backoffAfter = (failures: number, random?: number): number => backoffMs(failures, BACKOFF_MS, random);
