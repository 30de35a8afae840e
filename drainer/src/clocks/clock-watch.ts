import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import type { Databases } from "shared/postgres/databases";
import { isCluster, primariesOf, readTime } from "shared/redis/redis";
import type { Stores } from "shared/stores/stores";
import { keepLooking, type LookOptions } from "../leases/keep-looking.ts";
import type { ClockMetrics } from "./clock-metrics.ts";
import { type ClockOffset, type ClockReading, offsetOf, readClock, readPostgresTime } from "./read-clock.ts";

export interface ClockWatchOptions {
  stores: Pick<Stores, "home" | "byAddress">;
  databases: Pick<Databases, "all">;
  /** Of the accounts' queue. */
  lease: LookOptions<unknown>["lease"];
  log: Log;
  metrics: ClockMetrics;
  lookEveryMs?: number;
}

type Server = ReturnType<typeof primariesOf>[number];

const LOOK_EVERY_MS = 15_000;
/** Seasons of regions begin so far apart that players may notice. */
const OFFSET_SECONDS_MAX = 1;

/**
 * Compares the clocks of all stores with that of the home Redis, of a cluster its first primary.
 * Each shard ends seasons by the clock of its own Redis, so that clocks that differ end them one
 * after the other. Nothing is lost by that: the season of each write is that of its shard.
 */
export function startClockWatch(options: ClockWatchOptions): { stop(): Promise<void> } {
  const { stores, databases, lease, log, metrics, lookEveryMs = LOOK_EVERY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  /** Stores whose clocks differ, which is logged once. */
  let differing = new Set<string>();

  /** Of a cluster each primary: all have shards, and clocks of their own. */
  function clocksBeside(home: Server): Map<string, () => Promise<number>> {
    const clocks = new Map<string, () => Promise<number>>();
    for (const [address, redis] of stores.byAddress) {
      for (const server of primariesOf(redis)) {
        const name = isCluster(redis) ? `${server.options.host}:${server.options.port}` : address;
        if (server !== home) clocks.set(`redis ${name}`, () => readTime(server));
      }
    }
    for (const database of databases.all) clocks.set(`postgres ${database.label}`, () => readPostgresTime(database));
    return clocks;
  }

  async function compare(): Promise<Map<string, ClockOffset>> {
    const [server] = primariesOf(stores.home);
    if (server === undefined) return new Map();
    const home = await readClock(() => readTime(server));
    const offsets = new Map<string, ClockOffset>();
    // One after the other, so that no answer waits for another one's.
    for (const [store, read] of clocksBeside(server)) {
      const reading: ClockReading | undefined = await readClock(read).catch(() => undefined);
      if (reading !== undefined) offsets.set(store, offsetOf(reading, home));
    }
    return offsets;
  }

  function warnOf(offsets: ReadonlyMap<string, ClockOffset>): void {
    const apart = [...offsets].filter(([, each]) => Math.abs(each.seconds) - each.errorSeconds > OFFSET_SECONDS_MAX);
    for (const [store, { seconds }] of apart) {
      if (!differing.has(store)) log.warn({ store, seconds }, "a store's clock differs from that of the home Redis");
    }
    differing = new Set(apart.map(([store]) => store));
  }

  const running = keepLooking({
    lease,
    // The home Redis may be away, which others report.
    look: () => compare().catch(() => undefined),
    onLook(offsets) {
      metrics.onOffsets(offsets);
      if (offsets !== undefined) warnOf(offsets);
    },
    rest: () => delay(lookEveryMs, undefined, { signal }),
    log,
    warning: "the clocks of stores could not be compared",
    signal,
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
