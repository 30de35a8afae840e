import type { Log } from "shared/log/log";
import { onStoreReady } from "shared/redis/redis";
import type { Lease } from "../leases/lease.ts";
import type { Step } from "./drain.ts";
import type { QueueDrain } from "./queue-drains.ts";
import { startWorker, type Worker } from "./worker.ts";

export interface StartWorkersOptions {
  /** Resolves when both stores of a queue can be used. */
  whenReady: (queue: QueueDrain) => Promise<unknown>;
  isStopping: () => boolean;
  onStep: (tag: string, step: Step, seconds: number) => void;
  onFailure: (tag: string) => void;
  intervalMs: number;
  log: Log;
}

/** The workers of all queues. */
export interface Workers {
  /** The lease of each queue whose worker has started, by the queue's tag. */
  readonly leases: ReadonlyMap<string, Lease>;
  /**
   * One a queue: resolves after the first step, which compares the store with PostgreSQL and opens
   * it for writes.
   */
  readonly firstSteps: readonly Promise<void>[];
  /** Empties the queues until `deadlineMs` have passed, then ends. */
  stop(deadlineMs: number): Promise<void>;
}

/** Starts the worker of each queue when its stores are ready, independently of other queues. */
export function startWorkers(queues: readonly QueueDrain[], options: StartWorkersOptions): Workers {
  const { whenReady, isStopping, onStep, onFailure, intervalMs, log } = options;
  const workers = new Map<QueueDrain, Worker>();
  const leases = new Map<string, Lease>();

  // A listener for each store, not for each queue: Node warns of more than ten.
  for (const redis of new Set(queues.map((queue) => queue.redis))) {
    onStoreReady(redis, () => {
      for (const [queue, worker] of workers) if (queue.redis === redis) worker.wake();
    });
  }

  async function start(queue: QueueDrain): Promise<void> {
    const { drain, lease } = queue;
    const { tag } = queue.keys;
    await whenReady(queue);
    if (isStopping()) return;
    leases.set(tag, lease);
    const firstStep = Promise.withResolvers<void>();
    const worker = startWorker({
      tag,
      drain,
      lease,
      log,
      intervalMs,
      onStep(step, seconds) {
        onStep(tag, step, seconds);
        firstStep.resolve();
      },
      onFailure: () => onFailure(tag),
    });
    workers.set(queue, worker);
    await firstStep.promise;
  }

  return {
    leases,
    firstSteps: queues.map(start),
    async stop(deadlineMs) {
      await Promise.all([...workers.values()].map((worker) => worker.stop(deadlineMs)));
    },
  };
}
