import { ARRIVAL_DIGITS, fromArrival } from "shared/base/times";
import type { VisibilityEvent } from "shared/model/events";
import { parseRecord } from "shared/model/records";
import { parseVisibility } from "shared/model/visibility";
import type { Claim } from "../reconcile/compare.ts";
import type { AccountRow } from "../rows/read-accounts.ts";
import type { EntryRow } from "../rows/read-entries.ts";
import { toInteger, toTime } from "../rows/sound-rows.ts";

/** The values of one player on one board in Redis, unparsed; null where absent. */
export interface FoundEntry {
  record: string | null;
  /** Score of the member that the record names. */
  score: string | null;
  /**
   * A member of the player that the record does not name, or the named member in the wrong ranking.
   */
  stray: { member: string; score: string } | null;
}

/** Where and when an entry was read. */
export interface Place {
  board: string;
  region: string;
  /** The greatest version that the shard had given out when the entry was read. */
  latestVersion: number;
}

/** Reads the entry from its record. The entry is whole if the ranking agrees. */
export function toEntryClaim(found: FoundEntry, userId: string, place: Place): Claim<EntryRow> {
  const { board, region, latestVersion } = place;
  if (found.record === null) return { row: undefined, isWhole: false, isPresent: found.stray !== null };
  const { arrival, updatedAt, name, score: recorded } = parseRecord(found.record);
  const score = toInteger(recorded) ?? toInteger(found.score);
  if (!isArrival(arrival) || score === undefined || name === "") {
    return { row: undefined, isWhole: false, isPresent: true };
  }
  const version = toVersion(updatedAt, latestVersion);
  const isWhole =
    version !== undefined && score === toInteger(recorded) && score === toInteger(found.score) && found.stray === null;
  const reachedAt = fromArrival(arrival);
  const row = {
    board,
    user_id: userId,
    name,
    region,
    score: String(score),
    reached_at: String(reachedAt),
    updated_at: String(version ?? reachedAt),
  };
  return { row, isWhole, isPresent: true };
}

function isArrival(text: string): boolean {
  const digits = toInteger(text);
  return text.length === ARRIVAL_DIGITS && digits !== undefined && digits >= 0;
}

/**
 * A version from the future was never given out. It would keep every later write of the player out.
 */
function toVersion(text: string | null, latest: number): number | undefined {
  const version = toTime(text);
  return version !== undefined && version <= latest ? version : undefined;
}

/** The fields of one account in Redis; null where absent. */
export type FoundAccount = Record<Exclude<keyof AccountRow, "user_id">, string | null>;

export function toAccountClaim(found: FoundAccount, userId: string, latestVersion: number): Claim<AccountRow> {
  const { name, region, password_hash, created_at, updated_at } = found;
  const isPresent = Object.values(found).some((value) => value !== null);
  const isDated = toTime(created_at) !== undefined && toVersion(updated_at, latestVersion) !== undefined;
  if (!isDated || name === null || region === null || password_hash === null || !created_at || !updated_at) {
    return { row: undefined, isWhole: false, isPresent };
  }
  return { row: { user_id: userId, name, region, password_hash, created_at, updated_at }, isWhole: true, isPresent };
}

/** Reads whether a player is hidden. */
export function toVisibilityClaim(
  found: string | null,
  player: Pick<VisibilityEvent, "region" | "user_id">,
  latestVersion: number,
): Claim<VisibilityEvent> {
  const parsed = parseVisibility(found ?? "");
  const isPresent = found !== null;
  if (parsed === undefined || toVersion(parsed.version, latestVersion) === undefined) {
    return { row: undefined, isWhole: false, isPresent };
  }
  return {
    row: { ...player, hidden: parsed.isHidden, name: parsed.name, updated_at: parsed.version },
    isWhole: true,
    isPresent,
  };
}
