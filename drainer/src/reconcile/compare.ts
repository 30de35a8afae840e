import type { Versioned } from "shared/model/events";

/** How the two stores disagree about one player. */
export const DRIFT_KINDS = [
  "row_missing",
  "row_older",
  /** The same version with other contents, and Redis does not contradict itself. */
  "row_differs",
  "entry_missing",
  "entry_older",
  /** Redis contradicts itself: ranking and record differ. */
  "entry_broken",
  /** Redis has another account under the id, although the account in PostgreSQL was not erased. */
  "entry_foreign",
  /**
   * The player was erased since. An erasure that was cut off between two pages of boards leaves
   * such entries.
   */
  "entry_erased",
  /** The player also has an entry in another region, and that one counts. */
  "entry_doubled",
  /** Neither store has enough to repair the other. */
  "unrepairable",
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** The values of one player in Redis, in the form of a row. */
export interface Claim<R> {
  /** Undefined where Redis does not have all values of a row. */
  row: R | undefined;
  /** True when all values in Redis agree with each other. */
  isWhole: boolean;
  /** True when Redis has any value of the player. */
  isPresent: boolean;
}

export type Verdict<R> =
  | { kind: "same" }
  /**
   * PostgreSQL has to take `row`; with `isMending` Redis as well, because its values contradict
   * each other.
   */
  | { kind: DriftKind; keep: "redis"; row: R; isMending: boolean }
  /** Redis has to take `row`. */
  | { kind: DriftKind; keep: "postgres"; row: R }
  /** Redis has to lose the entry. */
  | { kind: "entry_erased"; keep: "erasure"; version: number }
  | { kind: "unrepairable"; keep: "neither" };

/**
 * Decides which store is right: the one with the newer version; at the same version Redis, unless
 * it contradicts itself. A row that no service can have written (`isSound`) is ignored.
 */
export function judge<R extends Versioned>(
  { row: claimed, isWhole, isPresent }: Claim<R>,
  row: R | undefined,
  isSound: (row: R) => boolean,
  isSame: (a: R, b: R) => boolean,
): Verdict<R> {
  const keepRedis = (kind: DriftKind, kept: R): Verdict<R> => ({
    kind: isWhole ? kind : "entry_broken",
    keep: "redis",
    row: kept,
    isMending: !isWhole,
  });
  if (row === undefined || !isSound(row)) {
    if (claimed !== undefined) return keepRedis(row === undefined ? "row_missing" : "row_differs", claimed);
    return isPresent || row !== undefined ? { kind: "unrepairable", keep: "neither" } : { kind: "same" };
  }
  if (claimed === undefined) return { kind: isPresent ? "entry_broken" : "entry_missing", keep: "postgres", row };
  const lead = Number(claimed.updated_at) - Number(row.updated_at);
  if (lead > 0) return keepRedis("row_older", claimed);
  if (lead < 0) return { kind: isWhole ? "entry_older" : "entry_broken", keep: "postgres", row };
  if (!isWhole) return { kind: "entry_broken", keep: "postgres", row };
  return isSame(claimed, row) ? { kind: "same" } : keepRedis("row_differs", claimed);
}
