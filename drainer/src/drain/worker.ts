import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import type { Lease } from "../queues/lease.ts";
import type { Drain, Step } from "./drain.ts";
import { backoffAfter, pauseAfter, YIELD_PAUSE_MS } from "./pace.ts";

/** Drains one queue for as long as the process lives. */
export interface Worker {
  /** Ends the pause that it makes: a store is there again, and has to be compared before it may be written. */
  wake(): void;
  /** Empties the queue as far as that goes within `deadlineMs`, then rests for good. */
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkerOptions {
  tag: string;
  drain: Drain;
  lease: Pick<Lease, "release">;
  /** Milliseconds of failures after which another drainer gets its turn. */
  yieldAfterMs?: number;
  intervalMs: number;
  log: Log;
  onStep: (step: Step, seconds: number) => void;
  onFailure: () => void;
}

const YIELD_AFTER_MS = 3_000;

/**
 * Starts at once. A step that fails is tried again, later and later, for ever: the events stay where they are. One that
 * goes on failing gives the lease back after each try, and waits so long that another drainer sees it free: that one may
 * reach what cannot be reached from here.
 */
export function startWorker(options: WorkerOptions): Worker {
  const { tag, drain, lease, yieldAfterMs = YIELD_AFTER_MS, intervalMs, log, onStep, onFailure } = options;
  const stopping = new AbortController();
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

  /** @returns the pause before the next try */
  async function fail(error: unknown): Promise<number> {
    failures++;
    onFailure();
    if (failures === 1) {
      failingSinceMs = performance.now();
      log.warn({ queue: tag, err: error }, "a batch failed; its events stay queued");
    }
    if (performance.now() - failingSinceMs < yieldAfterMs) return backoffAfter(failures);
    if (!hasYielded) log.warn({ queue: tag, failures }, "it goes on failing; whichever drainer can may take over");
    hasYielded = true;
    await lease.release().catch(() => {}); // without Redis it ends by itself
    return YIELD_PAUSE_MS;
  }

  /** One step; returns the pause it asks for. */
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

  let pausing = new AbortController();

  async function pause(ms: number): Promise<void> {
    pausing = new AbortController();
    const signal = AbortSignal.any([stopping.signal, pausing.signal]);
    await delay(ms, undefined, { signal }).catch(() => {});
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { pauseMs } = await work();
      if (pauseMs > 0) await pause(pauseMs);
    }
  }

  const running = loop();
  return {
    wake: () => pausing.abort(),
    async stop(deadlineMs) {
      const endsAt = performance.now() + deadlineMs;
      stopping.abort();
      await running;
      let state: Step["state"] | undefined = "drained";
      while (state === "drained" && performance.now() < endsAt) state = (await work()).step?.state;
    },
  };
}
