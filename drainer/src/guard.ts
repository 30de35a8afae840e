import { formatFence } from "shared/fence";
import { type FencedStore, putFence, readFence } from "shared/fenced-store";
import { fenceKey } from "shared/keys";
import type { Log } from "shared/log";
import { type Redis, runAt } from "shared/redis";
import type { Database } from "./database.ts";
import { forgetVersions, hasAnyRows, readGuarded, setRun } from "./guarded-stores.ts";
import { type Guarded, judgeStore, wholeUpTo } from "./judge-store.ts";
import { LEASE_RENEWAL_MS, type Lease } from "./lease.ts";

/**
 * Sees that a queue's Redis has all that PostgreSQL knows of, and opens it for writes; restores it first where it lost
 * data. Asks Redis twice a second, and PostgreSQL only when something has changed.
 *
 * @returns the run of the server that may be drained
 * @throws Error where that cannot be told now, and what Redis or PostgreSQL throw
 */
export type Guard = () => Promise<string>;

export interface GuardOptions {
  redis: Redis;
  /** Of the shard, or `accounts`. */
  tag: string;
  database: Database;
  lease: Pick<Lease, "hold">;
  /** Puts everything back that PostgreSQL has of the shard, or of the accounts. */
  restore: (tag: string) => Promise<void>;
  log: Log;
  onState?: (tag: string, state: StoreState) => void;
}

/** `checking` from a restart of Redis until it was compared with PostgreSQL. */
export const STORE_STATES = ["open", "checking", "lost", "foreign"] as const;
export type StoreState = (typeof STORE_STATES)[number];

const CHECK_INTERVAL_MS = 500;
// Each batch leaves a row of 50 bytes: some 1,200 a queue until then, at 20 batches a second.
const FORGET_INTERVAL_MS = 60_000;

interface Opened {
  run: string;
  text: string;
  clock: number;
}

export function createGuard({ redis, tag, database, lease, restore, log, onState }: GuardOptions): Guard {
  let opened: Opened | undefined;
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let forgotAtMs = performance.now();

  /** Makes a store that lost data whole again, and opens it. */
  async function restoreStore(store: FencedStore, { origin, newest }: Guarded): Promise<void> {
    const run = toRun(store);
    const keptBefore = store.fence?.run === undefined ? (store.fence?.kept ?? 0) : 0;
    let kept = Math.max(store.clock ?? 0, newest, keptBefore);
    const known = { queue: tag, redis_clock: toIso(store.clock), postgres_clock: toIso(newest) };
    log.error(known, "redis lost data: closed until it is restored from postgres");
    onState?.(tag, "lost");
    if (store.text !== formatFence({ origin, kept })) {
      // Nothing is read any more, and a service that remembers more than either store counts what is lost.
      await expectPut(putFence(redis, tag, store, { origin, kept }, { raises: false }));
    }
    await setRun(database, tag, { origin, run });
    // A batch of before may have been written until then.
    kept = Math.max(kept, (await readGuarded(database, tag))?.newest ?? 0);
    const startedAt = performance.now();
    const renewal = setInterval(() => void lease.hold().catch(() => {}), LEASE_RENEWAL_MS);
    try {
      await restore(tag);
    } finally {
      clearInterval(renewal);
    }
    const restored = await readFence(redis, tag);
    if (restored.run !== run) throw new Error(`Redis was restarted while ${tag} was restored.`);
    await expectPut(putFence(redis, tag, restored, { origin, kept, run }, { raises: true }));
    const seconds = (performance.now() - startedAt) / 1000;
    log.warn({ queue: tag, seconds }, "redis is restored from postgres, and open");
  }

  async function openStore(store: FencedStore, guarded: Guarded | undefined): Promise<void> {
    const run = toRun(store);
    const origin = store.fence?.origin ?? guarded?.origin ?? crypto.randomUUID();
    // Whatever was read from an earlier run and is on its way to PostgreSQL is written by then, or refused.
    await setRun(database, tag, { origin, run });
    const known = await readGuarded(database, tag);
    if (known !== undefined && known.newest > wholeUpTo(store, guarded)) return restoreStore(store, known);
    if (store.fence?.run === run) return;
    await expectPut(putFence(redis, tag, store, { origin, kept: store.clock ?? 0, run }, { raises: false }));
  }

  async function open(store: FencedStore): Promise<void> {
    onState?.(tag, "checking");
    const guarded = await readGuarded(database, tag);
    const hasRows = guarded === undefined && (await hasAnyRows(database, tag));
    const verdict = judgeStore(store, guarded, hasRows);
    if (verdict === "foreign") {
      onState?.(tag, "foreign");
      throw new Error(
        `Redis has the data of another deployment for ${tag}: give it the right volume, or empty it, ` +
          "and it is restored from PostgreSQL.",
      );
    }
    if (verdict === "fit") await openStore(store, guarded);
    if (verdict === "lost") {
      const origin = store.fence?.origin ?? guarded?.origin ?? crypto.randomUUID();
      await restoreStore(store, guarded ?? { origin, run: "", newest: 0 });
    }
  }

  return async () => {
    const nowMs = performance.now();
    const isFresh = nowMs - checkedAtMs < CHECK_INTERVAL_MS;
    if (opened !== undefined && isFresh && runAt(redis, fenceKey(tag)) === opened.run) return opened.run;
    let store = await readFence(redis, tag);
    const run = toRun(store);
    if (opened === undefined || !isAsOpened(store, opened)) {
      opened = undefined;
      await open(store);
      store = await readFence(redis, tag);
      if (store.fence?.run !== run || store.run !== run) throw new Error(`Redis changed while ${tag} was opened.`);
      onState?.(tag, "open");
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

function toRun({ run }: FencedStore): string {
  if (run === undefined) throw new Error("Redis has not told its run yet.");
  return run;
}

async function expectPut(put: Promise<boolean>): Promise<void> {
  if (!(await put)) throw new Error("Redis changed while it was judged.");
}

const toIso = (us: number | undefined) => (us === undefined ? null : new Date(us / 1000).toISOString());
