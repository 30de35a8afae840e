import type { Versioned } from "shared/model/events";
import { isRowFault } from "../postgres/database.ts";
import { type Claim, type DriftKind, judge, type Verdict } from "./compare.ts";

/** A player about whom the stores may disagree. */
export interface Suspect {
  /** Tag of the shard, or `accounts`. */
  tag: string;
  userId: string;
  /** A member of the ranking that was seen for the player; empty where none was. */
  member: string;
  /** Where in Redis a person would look. */
  key: string;
}

/** One player in one moment of Redis. */
export interface Reading<R> {
  suspect: Suspect;
  claim: Claim<R>;
  /** True when the last write still waits for PostgreSQL, so that the stores may disagree. */
  isQueued: boolean;
  /** Version of the player's erasure: a row that is not newer is about to go. */
  erasedAt: number;
  /** True for a player who is not here and lives in another region. */
  isForeign: boolean;
  isSame: (claimed: R, row: R) => boolean;
  /** Makes the entry what the row says, unless it has changed since it was read. */
  mend: (row: R) => Promise<void>;
}

/** What is compared: one board of one region, or the accounts. */
export interface Subject<R extends Versioned & { user_id: string }> {
  /** Board, or nothing for accounts. */
  board: string | undefined;
  /**
   * Everybody in either store who looks different, page by page. Cheap, and at times wrong: the two were read at
   * different moments.
   */
  findSuspects: () => AsyncGenerator<{ compared: number; suspects: Suspect[] }>;
  readClaims: (suspects: readonly Suspect[]) => Promise<Reading<R>[]>;
  readRows: (userIds: readonly string[]) => Promise<R[]>;
  isSound: (row: R) => boolean;
  /** Whether the entry is another's, who took the id without an erasure: then the row is right, although it is older. */
  isForeignTo?: (claimed: R, row: R) => boolean;
  /** Replaces rows that are not newer. */
  overwriteRows: (rows: readonly R[]) => Promise<unknown>;
}

/** A disagreement that is not on its way to PostgreSQL. */
export interface Drift {
  tag: string;
  board: string | undefined;
  user_id: string;
  key: string;
  kind: DriftKind;
  isRepaired: boolean;
  /** What PostgreSQL says against it. */
  reason?: string;
}

export interface ReconcileCounts {
  /** Looks at players: each is looked at once from either store. */
  compared: number;
  /** Players left alone because their last write still waits, or because they were written again and again. */
  moving: number;
}

export interface ReconcileOptions {
  isFixing: boolean;
  onDrift: (drift: Drift) => void;
  /** Called after each page, with the milliseconds it took; the next page waits for it. */
  onPage?: (counts: ReconcileCounts, busyMs: number) => Promise<void> | void;
}

// Tries at a player who is written while we look, and the last look after a repair.
const LOOKS = 3;

/**
 * Compares one subject in both stores, and with `isFixing` makes them agree. Beside live traffic: nothing is judged
 * that is still queued, nothing is repaired that has moved on.
 *
 * @throws what Redis or PostgreSQL throw; what was repaired by then stays
 */
export async function reconcile<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  { isFixing, onDrift, onPage }: ReconcileOptions,
): Promise<ReconcileCounts> {
  const counts: ReconcileCounts = { compared: 0, moving: 0 };
  let startedAt = performance.now();
  for await (const { compared, suspects } of subject.findSuspects()) {
    counts.compared += compared;
    counts.moving += await settle(subject, suspects, isFixing, onDrift);
    await onPage?.(counts, performance.now() - startedAt);
    startedAt = performance.now();
  }
  return counts;
}

/** @returns the players who could not be judged */
async function settle<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  suspects: readonly Suspect[],
  isFixing: boolean,
  onDrift: (drift: Drift) => void,
): Promise<number> {
  const known = new Map<Suspect, Omit<Drift, "isRepaired">>();
  let moving = 0;
  let pending = suspects;
  for (let look = 1; pending.length > 0; look++) {
    const again: Suspect[] = [];
    const wrong: Checked<R>[] = [];
    for (const checked of await check(subject, pending)) {
      const { suspect, verdict } = checked;
      const drift = known.get(suspect);
      if (verdict === "moving" && look < LOOKS) again.push(suspect);
      else if (typeof verdict === "string" || verdict.kind === "same") {
        // What was wrong and is written anew since is right now, or the next sweep's.
        if (drift !== undefined) onDrift({ ...drift, isRepaired: true });
        else if (verdict === "moving" || verdict === "queued") moving++;
      } else {
        const { kind } = verdict;
        const { tag, userId: user_id, key } = suspect;
        const seen = drift ?? { tag, board: subject.board, user_id, key, kind };
        known.set(suspect, seen);
        if (!isFixing || look === LOOKS || verdict.keep === "neither") onDrift({ ...seen, isRepaired: false });
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
 * A look that cannot misjudge. The row is read before and after the entry: a row that was there before is in an entry
 * as new, because entries are taken away by erasures alone, which tell their version; and an event that is not in the queue any more is in the row that is
 * read after it.
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
    return { suspect, reading, verdict: judge(claim, row, subject.isSound, isSame) };
  });
}

/** @returns why PostgreSQL refused rows, where it did */
async function repair<R extends Versioned & { user_id: string }>(
  subject: Subject<R>,
  wrong: readonly Checked<R>[],
): Promise<Map<Suspect, string>> {
  const reasons = new Map<Suspect, string>();
  const rows = new Map<string, { suspect: Suspect; row: R }>();
  const mends: Promise<void>[] = [];
  for (const { suspect, reading, verdict } of wrong) {
    if (typeof verdict === "string" || verdict.kind === "same" || verdict.keep === "neither") continue;
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
