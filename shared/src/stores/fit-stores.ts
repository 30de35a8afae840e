import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import { allOrAny } from "../base/all-or-any.ts";
import type { Log } from "../log/log.ts";
import type { Topology } from "../model/regions.ts";
import { awaitReady, type Redis } from "../redis/redis.ts";
import { checkDurability } from "./checks.ts";
import { checkSplit } from "./split.ts";
import type { Stores } from "./stores.ts";
import { UnfitStore } from "./unfit-store.ts";

/** Stores that are used only once they were seen to be fit: configured to lose nothing, and split as we are. */
export interface FitStores {
  /** @throws Problem `unavailable` until the region's store has passed its checks */
  of(region: string): Redis;
  /** Resolves once the store has passed. */
  whenFit(redis: Redis): Promise<void>;
}

export interface FitStoresOptions {
  stores: Stores;
  topology: Topology;
  /** Those whose stores are needed here. */
  regions: readonly string[];
  /** Whether the store of accounts is. */
  needsHome: boolean;
  isProduction: boolean;
  log: Log;
}

const BOOT_TIMEOUT_MS = 30_000;
// What a region that is away may cost the start of the others.
const GRACE_MS = 2_000;
const CHECK_AGAIN_MS = 1_000;
// The longest that a timer can wait: a store may come back after any time.
const FOR_EVER_MS = 2 ** 31 - 1;

/**
 * Waits at start for all stores, or for those that are there: a region whose store is away must not keep the others from
 * being served. One that comes later is checked then; while it does not pass, its region stays unavailable, and the log
 * says what to mend.
 *
 * @throws UnfitStore that says what to mend, for a store that is there at the start; Error when none is
 */
export async function awaitFitStores(options: FitStoresOptions): Promise<FitStores> {
  const { stores, topology, regions, needsHome, isProduction, log } = options;
  const fit = new Set<Redis>();
  let isBooting = true;

  async function check(redis: Redis): Promise<void> {
    await awaitReady(redis, FOR_EVER_MS);
    await checkDurability(redis, isProduction, log);
    for (const region of regions) if (stores.of(region) === redis) await checkSplit(redis, topology, region);
    fit.add(redis);
  }

  async function untilFit(redis: Redis): Promise<void> {
    let told = "";
    while (!fit.has(redis)) {
      try {
        await check(redis);
      } catch (error) {
        if (isBooting && error instanceof UnfitStore) throw error;
        const { message } = error as Error;
        if (message !== told) log.error({ err: error }, "a store is not fit to be used");
        told = message;
        await delay(CHECK_AGAIN_MS);
      }
    }
  }

  const needed = new Set([...(needsHome ? [stores.home] : []), ...regions.map((region) => stores.of(region))]);
  const waits = new Map([...needed].map((redis) => [redis, untilFit(redis)]));
  await allOrAny([...waits.values()], { graceMs: GRACE_MS, timeoutMs: BOOT_TIMEOUT_MS, what: "Redis" });
  isBooting = false;
  const missing = regions.filter((region) => !fit.has(stores.of(region)));
  if (missing.length > 0) log.warn({ regions: missing }, "started without the stores of some regions");

  return {
    of(region) {
      const redis = stores.of(region);
      if (fit.has(redis)) return redis;
      throw new Problem("unavailable", `The ranking store of ${region} is not there. Nothing was changed; try again.`);
    },
    whenFit: (redis) => waits.get(redis) ?? Promise.reject(new RangeError("the store is not needed here")),
  };
}
