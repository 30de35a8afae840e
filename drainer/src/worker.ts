import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log";
import type { Drain, Step } from "./drain.ts";
import { backoffAfter, pauseAfter } from "./pace.ts";

/** Drains one queue for as long as the process lives. */
export interface Worker {
  /** Empties the queue as far as that goes within `deadlineMs`, then rests for good. */
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkerOptions {
  tag: string;
  drain: Drain;
  intervalMs: number;
  log: Log;
  onStep: (step: Step, seconds: number) => void;
  onFailure: () => void;
}

/** Starts at once. A step that fails is tried again, later and later, for ever: the events stay where they are. */
export function startWorker({ tag, drain, intervalMs, log, onStep, onFailure }: WorkerOptions): Worker {
  const stopping = new AbortController();
  let failures = 0;

  /** One step; returns the pause it asks for. */
  async function work(): Promise<{ step?: Step; pauseMs: number }> {
    const startedAt = performance.now();
    try {
      const step = await drain();
      if (failures > 0) log.info({ queue: tag, failures }, "draining again");
      failures = 0;
      onStep(step, (performance.now() - startedAt) / 1000);
      return { step, pauseMs: pauseAfter(step, intervalMs) };
    } catch (error) {
      failures++;
      onFailure();
      if (failures === 1) log.warn({ queue: tag, err: error }, "a batch failed; its events stay queued");
      return { pauseMs: backoffAfter(failures, Math.random()) };
    }
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { pauseMs } = await work();
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = loop();
  return {
    async stop(deadlineMs) {
      const endsAt = performance.now() + deadlineMs;
      stopping.abort();
      await running;
      let state: Step["state"] | undefined = "drained";
      while (state === "drained" && performance.now() < endsAt) state = (await work()).step?.state;
    },
  };
}
