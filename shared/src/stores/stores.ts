import type { Log } from "../log/log.ts";
import type { Topology } from "../model/regions.ts";
import { addressesOf, awaitReady, connectRedis, type Redis } from "../redis/redis.ts";
import { checkDurability } from "./checks.ts";
import { checkSplit } from "./split.ts";

/** The Redis clients of a service: one a distinct URL, so that regions which share a Redis share a client. */
export interface Stores {
  /** Where what belongs to no region lives: accounts. */
  readonly home: Redis;
  readonly all: readonly Redis[];
  /** All of them, by where they were to be found: `10.0.0.7:6379`. */
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
 * Starts to connect and waits no longer than that: for a service that can do without its stores, but had better not
 * begin without those that are there.
 */
export async function connectWithin(stores: Stores, timeoutMs: number): Promise<void> {
  await Promise.allSettled(stores.all.map((redis) => awaitReady(redis, timeoutMs)));
}

const BOOT_TIMEOUT_MS = 30_000;

/**
 * Waits at start until every store answers, is configured to lose nothing and is split as we are: for a command that
 * needs all of them. A service that can do with some is served by `fit-stores.ts`.
 *
 * @throws Error that says which setting to mend, or that a store did not answer in time
 */
export async function awaitStores(stores: Stores, topology: Topology, production: boolean, log: Log): Promise<void> {
  await Promise.all(
    stores.all.map(async (redis) => {
      await awaitReady(redis, BOOT_TIMEOUT_MS);
      await checkDurability(redis, production, log);
    }),
  );
  for (const region of topology.regions) await checkSplit(stores.of(region), topology, region);
}
