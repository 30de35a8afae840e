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

/** Starts to connect and waits for nothing: for a service that can do without its stores for a while. */
export function beginConnecting(stores: Stores): void {
  for (const redis of stores.all) redis.connect().catch(() => {}); // the error event has told; it goes on trying
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
