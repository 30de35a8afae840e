import type { Versioned } from "shared/model/events";
import { isRowFault } from "shared/postgres/database";
import { type Claim, type DriftKind, judge, type Verdict } from "./compare.ts";

/** A player whose values may differ between the stores. */
export interface Suspect {
  /** Tag of the shard, or `accounts`. */
  tag: string;
  userId: string;
  /** A member of the ranking that was seen for the player; empty where there was none. */
  member: string;
  /** The Redis key to show to an operator. */
  key: string;
}

/** One player as Redis had it at one moment. */
export interface Reading<R> {
  suspect: Suspect;
  claim: Claim<R>;
  /** True while the last write waits for PostgreSQL: the stores may differ. */
  isQueued: boolean;
  /** Version of the player's erasure: the drainer is about to delete a row that is not newer. */
  erasedAt: number;
  /** True for a player who is absent here and lives in another region. */
  isForeign: boolean;
  /** Removes an entry that is not newer than its player's erasure of this version. */
  erase?: (version: number) => Promise<void>;
  isSame: (claimed: R, row: R) => boolean;
  /** Writes the row to Redis, unless the entry has changed since it was read. */
  mend: (row: R) => Promise<void>;
}

/**
 * One part that is compared: a board of a region, the hidden players of a region, or the accounts.
 */
export interface Subject<R extends Versioned & { user_id: string }> {
  /** Undefined for accounts and hidden players. */
  board: string | undefined;
  /**
   * Players of either store who look different, page by page. May be wrong: the stores are read at
   * different moments.
   */
  findSuspects: () => AsyncGenerator<{ compared: number; suspects: Suspect[] }>;
  readClaims: (suspects: readonly Suspect[]) => Promise<Reading<R>[]>;
  readRows: (userIds: readonly string[]) => Promise<R[]>;
  isSound: (row: R) => boolean;
  /** Versions of the erasures that PostgreSQL knows, by player; those in Redis expire. */
  readErasures?: (userIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /**
   * Whether Redis has another account that took the id without an erasure: then the row is right,
   * although older.
   */
  isForeignTo?: (claimed: R, row: R) => boolean;
  /** Replaces rows that are not newer. */
  overwriteRows: (rows: readonly R[]) => Promise<unknown>;
}

/** A difference that no queued event explains. */
export interface Drift {
  tag: string;
  board: string | undefined;
  user_id: string;
  key: string;
  kind: DriftKind;
  isRepaired: boolean;
  /** Why PostgreSQL refused the repair. */
  reason?: string;
}

export interface ReconcileCounts {
  /** Players compared; each counts once for either store. */
  compared: number;
  /**
   * Players left alone because their last write is queued, or because each reading met a concurrent
   * write.
   */
  moving: number;
}

export interface ReconcileOptions {
  isFixing: boolean;
  onDrift: (drift: Drift) => void;
  /**
   * Called after each page, and at the end of a subject, with the milliseconds that it took. The
   * work goes on when it is done.
   */
  onPage?: (counts: ReconcileCounts, busyMs: number) => Promise<void> | void;
}

// Readings of a suspect at most. `settle` reads a suspect again after a concurrent write and after
// a repair; the last reading repairs nothing, it only verifies.
const READINGS_MAX = 3;

/**
 * Compares one subject in both stores, and with `isFixing` repairs differences. Safe beside live
 * traffic: a queued write is not judged, and an entry or row that has changed since it was read is
 * not repaired.
 *
 * @throws what Redis or PostgreSQL throw; repairs that were made stay
 */
export async function reconcile<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  options: ReconcileOptions,
): Promise<ReconcileCounts> {
  const counts: ReconcileCounts = { compared: 0, moving: 0 };
  let startedAt = performance.now();
  for await (const { compared, suspects } of subject.findSuspects()) {
    counts.compared += compared;
    counts.moving += await settle(subject, suspects, options);
    await options.onPage?.(counts, performance.now() - startedAt);
    startedAt = performance.now();
  }
  await options.onPage?.(counts, performance.now() - startedAt);
  return counts;
}

/** @returns the number of players who could not be judged */
async function settle<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  suspects: readonly Suspect[],
  { isFixing, onDrift }: ReconcileOptions,
): Promise<number> {
  const known = new Map<Suspect, Omit<Drift, "isRepaired">>();
  let moving = 0;
  let pending = suspects;
  for (let reading = 1; pending.length > 0; reading++) {
    const again: Suspect[] = [];
    const wrong: Checked<R>[] = [];
    for (const checked of await check(subject, pending)) {
      const { suspect, verdict } = checked;
      const drift = known.get(suspect);
      if (verdict === "moving" && reading < READINGS_MAX) again.push(suspect);
      else if (typeof verdict === "string" || verdict.kind === "same") {
        // A new write has replaced the difference; if the write is wrong, the next sweep finds it.
        if (drift !== undefined) onDrift({ ...drift, isRepaired: true });
        else if (verdict === "moving" || verdict === "queued") moving++;
      } else {
        const { kind } = verdict;
        const { tag, userId: user_id, key } = suspect;
        const seen = drift ?? { tag, board: subject.board, user_id, key, kind };
        known.set(suspect, seen);
        if (!isFixing || reading === READINGS_MAX || verdict.keep === "neither")
          onDrift({ ...seen, isRepaired: false });
        else wrong.push(checked);
      }
    }
    const reasons = await repair(subject, wrong);
    for (const { suspect } of wrong) {
      const reason = reasons.get(suspect);
      const drift = known.get(suspect);
      if (reason !== undefined && drift !== undefined) onDrift({ ...drift, isRepaired: false, reason });
      else again.push(suspect);
    }
    pending = again;
  }
  return moving;
}

interface Checked<R> {
  suspect: Suspect;
  verdict: Verdict<R> | "queued" | "moving";
  reading: Reading<R>;
}

/**
 * Judges suspects without false alarms, by reading the row before and after the entry. A row read
 * before has an entry as new, because only erasures remove entries, and they leave their version.
 * An event that has left the queue is in the row read after.
 */
async function check<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  suspects: readonly Suspect[],
): Promise<Checked<R>[]> {
  const userIds = [...new Set(suspects.map(({ userId }) => userId))];
  const byId = (rows: R[]) => new Map(rows.map((row) => [row.user_id, row]));
  const before = byId(await subject.readRows(userIds));
  const readings = await subject.readClaims(suspects);
  const after = byId(await subject.readRows(userIds));
  const rowless = userIds.filter((userId) => !after.has(userId));
  const erasures = rowless.length === 0 ? undefined : await subject.readErasures?.(rowless);
  return readings.map((reading) => {
    const { suspect, claim, isSame } = reading;
    const row = after.get(suspect.userId);
    const isStill = JSON.stringify(before.get(suspect.userId)) === JSON.stringify(row);
    if (reading.isForeign) return { suspect, reading, verdict: { kind: "unrepairable", keep: "neither" } };
    const isErased = row !== undefined && Number(row.updated_at) <= reading.erasedAt;
    if (reading.isQueued || isErased) return { suspect, reading, verdict: "queued" };
    if (!isStill) return { suspect, reading, verdict: "moving" };
    if (row !== undefined && claim.row !== undefined && subject.isForeignTo?.(claim.row, row)) {
      return { suspect, reading, verdict: { kind: "entry_foreign", keep: "postgres", row } };
    }
    const erasedAt = Math.max(reading.erasedAt, erasures?.get(suspect.userId) ?? -1);
    if (row === undefined && reading.erase !== undefined && isNotNewer(claim, erasedAt)) {
      return { suspect, reading, verdict: { kind: "entry_erased", keep: "erasure", version: erasedAt } };
    }
    return { suspect, reading, verdict: judge(claim, row, subject.isSound, isSame) };
  });
}

const isNotNewer = ({ row }: Claim<Versioned>, erasedAt: number) =>
  row !== undefined && Number(row.updated_at) <= erasedAt;

/** @returns the reason for each row that PostgreSQL refused */
async function repair<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  wrong: readonly Checked<R>[],
): Promise<Map<Suspect, string>> {
  const reasons = new Map<Suspect, string>();
  const rows = new Map<string, { suspect: Suspect; row: R }>();
  const mends: Promise<void>[] = [];
  for (const { suspect, reading, verdict } of wrong) {
    if (typeof verdict === "string" || verdict.kind === "same" || verdict.keep === "neither") continue;
    if (verdict.keep === "erasure") {
      if (reading.erase !== undefined) mends.push(reading.erase(verdict.version));
      continue;
    }
    if (verdict.keep === "postgres" || verdict.isMending) mends.push(reading.mend(verdict.row));
    if (verdict.keep === "redis") rows.set(suspect.userId, { suspect, row: verdict.row });
  }
  await Promise.all(mends);
  if (rows.size === 0) return reasons;
  const all = [...rows.values()].sort((a, b) => (a.row.user_id < b.row.user_id ? -1 : 1));
  try {
    await subject.overwriteRows(all.map(({ row }) => row));
  } catch (error) {
    if (!isRowFault(error)) throw error;
    for (const { suspect, row } of all) {
      await subject.overwriteRows([row]).catch((fault: unknown) => {
        if (!isRowFault(fault)) throw fault;
        reasons.set(suspect, `${fault.code} ${fault.message}`);
      });
    }
  }
  return reasons;
}
