import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import type { Lease } from "../leases/lease.ts";
import type { Drain, Step } from "./drain.ts";
import { backoffAfter, pauseAfter, YIELD_PAUSE_MS } from "./step-pause.ts";

/** Drains one queue until it is stopped. */
export interface Worker {
  /** Ends the present pause: a store is back, and has to be compared before it may be written. */
  wake(): void;
  /** Empties the queue until `deadlineMs` have passed, then ends. */
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkerOptions {
  tag: string;
  drain: Drain;
  lease: Pick<Lease, "release">;
  /** Milliseconds of failures after which another drainer gets its turn. */
  yieldAfterMs?: number | undefined;
  intervalMs: number;
  log: Log;
  onStep: (step: Step, seconds: number) => void;
  onFailure: () => void;
}

const YIELD_AFTER_MS = 3_000;

/**
 * Starts at once. A failed step is repeated with growing pauses, without end: its events stay
 * queued. After three seconds of failures the worker releases the lease after each try, and pauses
 * until every other drainer has asked for it: another drainer may reach the store that this one
 * cannot reach.
 */
export function startWorker(options: WorkerOptions): Worker {
  const { tag, drain, lease, yieldAfterMs = YIELD_AFTER_MS, intervalMs, log, onStep, onFailure } = options;
  let isStopping = false;
  let pausing = new AbortController();
  let failures = 0;
  let failingSinceMs = 0;
  let hasYielded = false;

  function onSuccess(step: Step): void {
    if (failures === 0) return;
    const isTaken = step.state === "held_elsewhere";
    log.info({ queue: tag, failures }, isTaken ? "another drainer has taken over" : "draining again");
    failures = 0;
    hasYielded = false;
  }

  /** @returns milliseconds until the next try */
  async function fail(error: unknown): Promise<number> {
    failures++;
    onFailure();
    if (failures === 1) {
      failingSinceMs = performance.now();
      log.warn({ queue: tag, err: error }, "a batch failed; its events stay queued");
    }
    if (performance.now() - failingSinceMs < yieldAfterMs) return backoffAfter(failures);
    if (!hasYielded) log.warn({ queue: tag, failures }, "draining goes on failing: another drainer may take over");
    hasYielded = true;
    await lease.release().catch(() => {}); // without Redis the lease expires
    return YIELD_PAUSE_MS;
  }

  /** One step. @returns milliseconds until the next */
  async function work(): Promise<{ step?: Step; pauseMs: number }> {
    const startedAt = performance.now();
    try {
      const step = await drain();
      onSuccess(step);
      onStep(step, (performance.now() - startedAt) / 1000);
      return { step, pauseMs: pauseAfter(step, intervalMs) };
    } catch (error) {
      return { pauseMs: await fail(error) };
    }
  }

  async function pause(ms: number): Promise<void> {
    pausing = new AbortController();
    await delay(ms, undefined, { signal: pausing.signal }).catch(() => {});
  }

  async function loop(): Promise<void> {
    while (!isStopping) {
      const { pauseMs } = await work();
      if (pauseMs > 0 && !isStopping) await pause(pauseMs);
    }
  }

  const running = loop();
  return {
    wake: () => pausing.abort(),
    async stop(deadlineMs) {
      const endsAt = performance.now() + deadlineMs;
      isStopping = true;
      pausing.abort();
      await running;
      let state: Step["state"] | undefined = "drained";
      while (state === "drained" && performance.now() < endsAt) state = (await work()).step?.state;
    },
  };
}
