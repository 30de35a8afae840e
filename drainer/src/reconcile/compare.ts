import type { Versioned } from "shared/model/events";

/** How the two stores disagree about one player. */
export const DRIFT_KINDS = [
  "row_missing",
  "row_older",
  /** One version, two contents, and Redis is at one with itself. */
  "row_differs",
  "entry_missing",
  "entry_older",
  /** Redis contradicts itself: ranking and record do not tell one story. */
  "entry_broken",
  /** Redis has another account under the id, although PostgreSQL's was not erased. */
  "entry_foreign",
  /** Neither side tells enough. */
  "unrepairable",
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** What Redis says of one player, put into the form of a row. */
export interface Claim<R> {
  /** Nothing where Redis does not tell enough for a row. */
  row: R | undefined;
  /** True when everything that Redis keeps of the player agrees. */
  isWhole: boolean;
  /** True when Redis keeps anything of the player at all. */
  isPresent: boolean;
}

export type Verdict<R> =
  | { kind: "same" }
  /** The row has to become `row`; with `isMending` the entry too, which contradicts itself. */
  | { kind: DriftKind; keep: "redis"; row: R; isMending: boolean }
  /** The entry has to become `row`. */
  | { kind: DriftKind; keep: "postgres"; row: R }
  | { kind: "unrepairable"; keep: "neither" };

/**
 * Who is right. The newer version; of one version with two contents Redis, unless it contradicts itself. A row that
 * could not have been written by us (`isSound`) has no say.
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
