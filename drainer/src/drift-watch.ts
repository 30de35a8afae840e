import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log";
import type { Shard } from "shared/regions";
import type { DriftKind } from "./compare.ts";
import type { Lease } from "./lease.ts";
import type { SweepMetrics } from "./metrics.ts";
import type { Drift } from "./reconcile.ts";
import { accountSweep, entrySweeps, type Sides, type Sweep } from "./subjects.ts";

export interface DriftWatch {
  /** Ends a sweep that is under way. */
  stop(): Promise<void>;
}

export interface DriftWatchOptions {
  sides: Sides;
  /** The lease of a queue, by its tag: only what this drainer drains is compared by it. */
  leases: ReadonlyMap<string, Lease>;
  accountTag: string;
  intervalMs: number;
  log: Log;
  metrics: SweepMetrics;
}

// After each page a pause of four times what it took: a fifth of a core at the most, shared out over three processes.
const PAUSE_PER_WORK = 4;
/** Players named in the log for each queue. */
const EXAMPLES_MAX = 5;

interface Found {
  kinds: Partial<Record<DriftKind, number>>;
  examples: string[];
}

/** Compares Redis with PostgreSQL again and again, and tells what it finds; repairs nothing. */
export function startDriftWatch(options: DriftWatchOptions): DriftWatch {
  const { sides, leases, accountTag, intervalMs, log, metrics } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = (ms: number) => delay(ms, undefined, { signal });
  const isHeld = async (tag: string) => (await leases.get(tag)?.hold()) ?? false;

  async function sweepOnce(): Promise<void> {
    const startedAt = performance.now();
    const shards: Shard[] = [];
    for (const shard of sides.topology.shards) if (await isHeld(shard.tag)) shards.push(shard);
    const sweeps: Sweep[] = entrySweeps(sides, shards);
    const tags = shards.map((shard) => shard.tag);
    if (await isHeld(accountTag)) {
      sweeps.push(accountSweep(sides));
      tags.push(accountTag);
    }
    const found = new Map<string, Found>(tags.map((tag) => [tag, { kinds: {}, examples: [] }]));
    const onDrift = ({ tag, kind, user_id }: Drift) => {
      const { kinds, examples } = found.get(tag) ?? { kinds: {}, examples: [] };
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      if (examples.length < EXAMPLES_MAX) examples.push(user_id);
    };
    for (const sweep of sweeps) {
      await sweep({ isFixing: false, onDrift, onPage: (_, busyMs) => rest(busyMs * PAUSE_PER_WORK) });
    }
    for (const [queue, { kinds, examples }] of found) {
      if (examples.length > 0) log.warn({ queue, kinds, examples }, "redis and postgres differ: bun run lb reconcile");
    }
    metrics.onSweep(
      new Map([...found].map(([tag, { kinds }]) => [tag, kinds])),
      (performance.now() - startedAt) / 1000,
    );
  }

  async function loop(): Promise<void> {
    let failures = 0;
    for (;;) {
      await rest(intervalMs);
      try {
        await sweepOnce();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        metrics.onFailure();
        if (failures === 1) log.warn({ err: error }, "redis and postgres could not be compared");
      }
    }
  }

  const running = loop().catch(() => {}); // a rest that was ended
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
