import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "../api/problems.ts";
import { allOrAny } from "../base/all-or-any.ts";
import { TIMER_MS_MAX } from "../base/deadlines.ts";
import type { Log } from "../log/log.ts";
import type { Topology } from "../model/regions.ts";
import type { ConnectFault } from "../redis/connect-fault.ts";
import { type FaultWatch, REFUSED_MS, toWaitError, watchFaults } from "../redis/fault-watch.ts";
import { awaitReady, type Redis } from "../redis/redis.ts";
import { checkDurability, type StoreChecks } from "./checks.ts";
import { checkRights, type Rights } from "./rights.ts";
import { checkSplit } from "./split.ts";
import type { Stores } from "./stores.ts";
import { UnfitStore } from "./unfit-store.ts";

/** Stores that may be used once they have passed the checks of durability and partitions. */
export interface FitStores {
  /** @throws Problem `unavailable` until the region's store has passed its checks */
  of(region: string): Redis;
  /** Resolves once the store has passed its checks. */
  whenFit(redis: Redis): Promise<void>;
}

export interface FitStoresOptions extends StoreChecks {
  stores: Stores;
  topology: Topology;
  /** The regions whose stores this service needs. */
  regions: readonly string[];
  /** Whether it needs the store of accounts. */
  needsHome: boolean;
  /** The commands that this service sends to them; without it none is checked. */
  rights?: Rights;
  log: Log;
  /** How long the start waits for a first store. */
  timeoutMs?: number;
}

const BOOT_TIMEOUT_MS = 30_000;
// How long a region without a store may delay the start of the others.
const GRACE_MS = 2_000;
const RETRY_CHECK_MS = 1_000;

/**
 * Waits at start for all stores, or for those that answer: a region whose store is down must not
 * keep the others from being served. A store that answers later is checked then. Until it passes,
 * its region stays unavailable and the log says which setting to change.
 *
 * @throws UnfitStore for a store that answers at the start and fails its checks; Error when no
 *   store can be used, with what one of them replied: after five seconds when each of them has
 *   refused every try
 */
export async function awaitFitStores(options: FitStoresOptions): Promise<FitStores> {
  const { stores, topology, regions, needsHome, rights, log, timeoutMs = BOOT_TIMEOUT_MS } = options;
  const fit = new Set<Redis>();
  let isBooting = true;

  async function check(redis: Redis): Promise<void> {
    await awaitReady(redis, TIMER_MS_MAX); // a region waits for its store as long as the process runs
    const here = regions.filter((region) => stores.of(region) === redis);
    const withAccounts = needsHome && redis === stores.home;
    if (rights !== undefined) await checkRights(redis, rights, { topology, regions: here, withAccounts });
    await checkDurability(redis, options);
    for (const region of here) await checkSplit(redis, topology, region);
    fit.add(redis);
  }

  async function untilFit(redis: Redis, faults: FaultWatch): Promise<void> {
    let loggedMessage = "";
    while (!fit.has(redis)) {
      try {
        await check(redis);
      } catch (error) {
        if (isBooting && error instanceof UnfitStore) throw error;
        faults.note(error);
        const { message } = error as Error;
        if (message !== loggedMessage) log.error({ err: error }, "a store is not fit to be used");
        loggedMessage = message;
        await delay(RETRY_CHECK_MS);
      }
    }
  }

  const needed = new Set(regions.map((region) => stores.of(region)));
  if (needsHome) needed.add(stores.home);
  const refused = Promise.withResolvers<never>();
  const watched = [...needed].map((redis) => ({ redis, faults: watchFaults(redis, endIfRefused) }));
  const toError = () => toWaitError(watched.map(({ faults }) => faults.fault).find(isDefined), timeoutMs);
  // A store that may still answer is worth the whole wait, since its region can be served.
  function endIfRefused(): void {
    if (watched.every(({ faults }) => faults.refusedForMs() >= REFUSED_MS)) refused.reject(toError());
  }
  const waits = new Map(watched.map(({ redis, faults }) => [redis, untilFit(redis, faults)]));
  const answers = allOrAny([...waits.values()], { graceMs: GRACE_MS, timeoutMs, what: "Redis" });
  try {
    await Promise.race([answers, refused.promise]);
  } catch (error) {
    if (error instanceof UnfitStore) throw error;
    throw toError();
  } finally {
    for (const { faults } of watched) faults.stop();
  }
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

const isDefined = (fault: ConnectFault | undefined) => fault !== undefined;
