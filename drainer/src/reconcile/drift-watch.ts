import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import type { Shard } from "shared/model/regions";
import type { Lease } from "../leases/lease.ts";
import type { Sides } from "../subjects/sides.ts";
import { entrySweeps, homeSweeps, type Sweep } from "../subjects/subjects.ts";
import type { DriftKind } from "./compare.ts";
import type { Drift } from "./reconcile.ts";
import type { SweepMetrics } from "./sweep-metrics.ts";

export interface DriftWatch {
  /** Ends the present sweep, too. */
  stop(): Promise<void>;
}

export interface DriftWatchOptions {
  sides: Sides;
  /** The leases of the queues, by tag. A drainer compares only the queues whose lease it holds. */
  leases: ReadonlyMap<string, Lease>;
  /** Whether the Redis of a queue is open; a closed one is being restored, and is not compared. */
  isOpen: (tag: string) => boolean;
  accountTag: string;
  intervalMs: number;
  log: Log;
  metrics: SweepMetrics;
}

// A pause after each page, in units of the time that the page took: at most a fifth of a core over
// three processes.
const PAUSE_PER_WORK = 4;
/** Players named in the log for each queue. */
const EXAMPLES_MAX = 5;

interface Found {
  kinds: Partial<Record<DriftKind, number>>;
  examples: string[];
}

/**
 * Compares Redis with PostgreSQL at intervals, and reports drifts in log and metrics. Repairs
 * nothing.
 */
export function startDriftWatch(options: DriftWatchOptions): DriftWatch {
  const { sides, leases, isOpen, accountTag, intervalMs, log, metrics } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = (ms: number) => delay(ms, undefined, { signal });
  const isHeld = async (tag: string) =>
    isOpen(tag) &&
    (await leases
      .get(tag)
      ?.hold()
      .catch(() => false)) === true;

  let isFailing = false;

  function onFailure(error: unknown): void {
    metrics.onFailure();
    if (!isFailing) log.warn({ err: error }, "redis and postgres could not be compared");
    isFailing = true;
  }

  async function sweepOnce(): Promise<void> {
    const startedAt = performance.now();
    const shards: Shard[] = [];
    for (const shard of sides.topology.shards) if (await isHeld(shard.tag)) shards.push(shard);
    const parts = [...Map.groupBy(shards, (shard) => shard.region).values()].map((ofRegion) => ({
      tags: ofRegion.map((shard) => shard.tag),
      sweeps: entrySweeps(sides, ofRegion),
    }));
    if (await isHeld(accountTag)) parts.push({ tags: [accountTag], sweeps: homeSweeps(sides) });

    const found = new Map<string, Found>();
    let failed = 0;
    for (const { tags, sweeps } of parts) {
      // The other regions are compared although one fails.
      try {
        for (const [tag, each] of await comparePart(tags, sweeps)) found.set(tag, each);
      } catch (error) {
        if (signal.aborted) throw error;
        failed++;
        onFailure(error);
      }
    }
    for (const [queue, { kinds, examples }] of found) {
      if (examples.length > 0) log.warn({ queue, kinds, examples }, "redis and postgres differ: ./lb reconcile");
    }
    if (found.size > 0 || failed === 0) {
      const kinds = new Map([...found].map(([tag, each]) => [tag, each.kinds]));
      metrics.onSweep(kinds, (performance.now() - startedAt) / 1000);
    }
    if (failed === 0) isFailing = false;
  }

  async function comparePart(tags: readonly string[], sweeps: readonly Sweep[]): Promise<Map<string, Found>> {
    const found = new Map<string, Found>(tags.map((tag) => [tag, { kinds: {}, examples: [] }]));
    const onDrift = ({ tag, kind, user_id }: Drift) => {
      const { kinds, examples } = found.get(tag) ?? { kinds: {}, examples: [] };
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (examples.length < EXAMPLES_MAX) examples.push(user_id);
    };
    for (const sweep of sweeps) {
      await sweep({ isFixing: false, onDrift, onPage: (_, busyMs) => rest(busyMs * PAUSE_PER_WORK) });
    }
    return found;
  }

  async function loop(): Promise<void> {
    for (;;) {
      await rest(intervalMs);
      await sweepOnce();
    }
  }

  const running = loop().catch(() => {}); // stop() aborts the pause
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
