import type { Log } from "./log.ts";
import { awaitReady, checkDurability, connectRedis, type Redis } from "./redis.ts";

/** The Redis connections of a service: one a distinct URL, so that regions which share a server share a connection. */
export interface Stores {
  /** Where what belongs to no region lives: accounts. */
  readonly home: Redis;
  readonly all: readonly Redis[];
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
    of: (region) => at(urlsByRegion.get(region)),
    close() {
      for (const redis of byUrl.values()) redis.disconnect();
    },
  };
}

/** Names a store to people, without its password: `10.0.0.7:6379`. */
export const storeName = ({ options }: Redis) => `${options.host}:${options.port}`;

/**
 * Starts to connect and waits no longer than that: for a service that can do without its stores, but had better not
 * begin without those that are there.
 */
export async function connectWithin(stores: Stores, timeoutMs: number): Promise<void> {
  await Promise.allSettled(stores.all.map((redis) => awaitReady(redis, timeoutMs)));
}

const BOOT_TIMEOUT_MS = 30_000;

/**
 * Waits at start until every store answers and is configured to lose nothing.
 *
 * @throws Error that says which setting to mend, or that a store did not answer in time
 */
export async function awaitStores(stores: Stores, production: boolean, log: Log): Promise<void> {
  await Promise.all(
    stores.all.map(async (redis) => {
      await awaitReady(redis, BOOT_TIMEOUT_MS);
      await checkDurability(redis, production, log);
    }),
  );
}
