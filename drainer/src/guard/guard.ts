import type { Log } from "shared/log/log";
import { fenceKey } from "shared/redis/keys";
import { runAt } from "shared/redis/redis";
import { type FencedStore, putFence, readFence } from "shared/stores/fenced-store";
import { LEASE_RENEWAL_MS, type Lease } from "../leases/lease.ts";
import { closeStore, judgePlace, openRestored, StoreChanged, type StorePlace, toRun } from "./close-and-reopen.ts";
import { forgetVersions, readGuarded, setRun } from "./guarded-stores.ts";
import { type Guarded, wholeUpTo } from "./judge-store.ts";
import type { Restorer } from "./restorer.ts";

/**
 * Compares a queue's Redis with what PostgreSQL has, and opens it for writes; restores it first
 * where it lost data. Asks Redis twice a second, and PostgreSQL only after a change.
 *
 * @returns the run of the server that may be drained
 * @throws Error while the store cannot be judged, UnfitStore for a shard whose entries have moved,
 *   and what Redis or PostgreSQL throw
 */
export type Guard = () => Promise<string>;

export interface GuardOptions extends StorePlace {
  lease: Pick<Lease, "hold">;
  /** Restores the shard of the tag, or the accounts, from PostgreSQL. */
  restorer: Restorer;
  log: Log;
  onState?: (tag: string, state: StoreState) => void;
}

/** `checking` lasts from a restart of Redis until the drainer has compared it with PostgreSQL. */
export type StoreState = "open" | "checking" | "lost" | "foreign";

const CHECK_INTERVAL_MS = 500;
const JUDGEMENTS_MAX = 3;
// Each batch leaves a row of 50 bytes in `drained_versions`: some 1,200 a queue in a minute, at 20
// batches a second.
const FORGET_INTERVAL_MS = 60_000;

interface Opened {
  run: string;
  text: string;
  clock: number;
}

export function createGuard({ lease, restorer, log, onState, ...place }: GuardOptions): Guard {
  const { redis, database, tag } = place;
  let opened: Opened | undefined;
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let forgotAtMs = performance.now();
  let state: StoreState | undefined;

  /** @returns whether the state has changed */
  function tell(next: StoreState): boolean {
    if (state === next) return false;
    state = next;
    onState?.(tag, next);
    return true;
  }

  /**
   * Restores a store and opens it. Where neither side knows the store it is new, and nothing was
   * lost.
   */
  async function restoreStore(store: FencedStore, guarded: Guarded | undefined): Promise<void> {
    await restorer.check(tag);
    const isLoss = guarded !== undefined || store.fence !== undefined;
    if (isLoss && tell("lost")) {
      const clocks = { redis_clock: toIso(store.clock), postgres_clock: toIso(guarded?.newest) };
      log.error({ queue: tag, ...clocks }, "redis lost data: closed until it is restored from postgres");
    }
    const closed = await closeStore(place, store, guarded);
    const startedAt = performance.now();
    const renewal = setInterval(() => void lease.hold().catch(() => {}), LEASE_RENEWAL_MS);
    try {
      await restorer.restore(tag);
    } finally {
      clearInterval(renewal);
    }
    await openRestored(place, closed);
    const seconds = (performance.now() - startedAt) / 1000;
    if (isLoss) log.warn({ queue: tag, seconds }, "redis is restored from postgres, and open");
  }

  async function openStore(store: FencedStore, guarded: Guarded | undefined): Promise<void> {
    const run = toRun(store);
    const origin = guarded?.origin ?? store.fence?.origin ?? crypto.randomUUID();
    // From here on PostgreSQL has written or refuses each batch of an earlier run.
    await setRun(database, tag, { origin, run });
    const known = await readGuarded(database, tag);
    if (known !== undefined && known.newest > wholeUpTo(store, guarded)) return restoreStore(store, known);
    if (store.fence?.run === run) return;
    const isPut = await putFence(redis, tag, store, { origin, keptVersion: store.clock ?? 0, run }, { raises: false });
    if (!isPut) throw new StoreChanged(tag);
  }

  /** Judges the store once more where a ranker has put a fence meanwhile. */
  async function judgeAndOpen(found: FencedStore): Promise<void> {
    let store = found;
    for (let tries = 1; ; tries++) {
      try {
        return await open(store);
      } catch (error) {
        if (!(error instanceof StoreChanged) || tries === JUDGEMENTS_MAX) throw error;
        store = await readFence(redis, tag);
      }
    }
  }

  async function open(store: FencedStore): Promise<void> {
    if (state !== "lost" && state !== "foreign") tell("checking");
    const { guarded, verdict } = await judgePlace(place, store);
    if (verdict === "foreign") {
      tell("foreign");
      throw new Error(
        `Redis has the data of another deployment for ${tag}: give it the right volume, or empty it, ` +
          "and it is restored from PostgreSQL.",
      );
    }
    if (verdict === "fit") await openStore(store, guarded);
    if (verdict === "lost") await restoreStore(store, guarded);
  }

  return async () => {
    const nowMs = performance.now();
    const isFresh = nowMs - checkedAtMs < CHECK_INTERVAL_MS;
    if (opened !== undefined && isFresh && runAt(redis, fenceKey(tag)) === opened.run) return opened.run;
    let store = await readFence(redis, tag);
    const run = toRun(store);
    if (opened === undefined || !isAsOpened(store, opened)) {
      opened = undefined;
      await judgeAndOpen(store);
      store = await readFence(redis, tag);
      if (store.fence?.run !== run || store.run !== run) throw new StoreChanged(tag);
      tell("open");
    }
    if (nowMs - forgotAtMs > FORGET_INTERVAL_MS) {
      forgotAtMs = nowMs;
      await forgetVersions(database, tag);
    }
    opened = { run, text: store.text, clock: store.clock ?? 0 };
    checkedAtMs = nowMs;
    return run;
  };
}

const isAsOpened = ({ run, text, clock = 0 }: FencedStore, opened: Opened): boolean =>
  run === opened.run && text === opened.text && clock >= opened.clock;

const toIso = (us: number | undefined) => (us === undefined ? null : new Date(us / 1000).toISOString());
