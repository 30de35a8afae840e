import type { Log } from "../log/log.ts";
import type { Topology } from "../model/regions.ts";
import { addressesOf, awaitReady, connectRedis, type Redis } from "../redis/redis.ts";
import { checkDurability, type DurabilityOptions } from "./checks.ts";
import { checkSplit, compareSplits } from "./split.ts";

/** The Redis clients of a service, one for each distinct URL: regions may share one. */
export interface Stores {
  /** The store of accounts, which belong to no region. */
  readonly home: Redis;
  readonly all: readonly Redis[];
  /** By address, as configured: `10.0.0.7:6379`. */
  readonly byAddress: ReadonlyMap<string, Redis>;
  of(region: string): Redis;
  close(): void;
}

export interface StoresOptions {
  homeUrl: string;
  urlsByRegion: ReadonlyMap<string, string>;
  name: string;
  log: Log;
  commandTimeoutMs?: number;
}

export function connectStores({ homeUrl, urlsByRegion, ...options }: StoresOptions): Stores {
  const byUrl = new Map<string, Redis>();
  for (const url of [homeUrl, ...urlsByRegion.values()]) {
    if (!byUrl.has(url)) byUrl.set(url, connectRedis({ url, ...options }));
  }
  const at = (url: string | undefined): Redis => {
    const redis = byUrl.get(url ?? "");
    if (redis === undefined) throw new RangeError("the region is not configured");
    return redis;
  };
  return {
    home: at(homeUrl),
    all: [...byUrl.values()],
    byAddress: new Map([...byUrl].map(([url, redis]) => [addressesOf(url), redis])),
    of: (region) => at(urlsByRegion.get(region)),
    close() {
      for (const redis of byUrl.values()) redis.disconnect();
    },
  };
}

/**
 * Waits until all stores are connected, `timeoutMs` at most: for a service that works without its
 * stores, but should start with those that answer.
 */
export async function connectWithin(stores: Stores, timeoutMs: number): Promise<void> {
  await Promise.allSettled(stores.all.map((redis) => awaitReady(redis, timeoutMs)));
}

const BOOT_TIMEOUT_MS = 30_000;

/**
 * Waits until every store answers and has passed its checks: for commands, which need all stores.
 * Services use `awaitFitStores`, which starts with some of them.
 *
 * @throws Error that says which setting to change, or that a store did not answer in time
 */
export async function awaitStores(stores: Stores, topology: Topology, options: DurabilityOptions): Promise<void> {
  await Promise.all(
    stores.all.map(async (redis) => {
      await awaitReady(redis, BOOT_TIMEOUT_MS);
      await checkDurability(redis, options);
    }),
  );
  for (const region of await compareSplits(stores.of, topology)) {
    await checkSplit(stores.of(region), topology, region);
  }
}
