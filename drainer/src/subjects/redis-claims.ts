import { ARRIVAL_DIGITS } from "shared/base/times";
import { type EntryRecord, parseRecord } from "shared/entries/records";
import { SUB_DIGITS } from "shared/entries/sub-score";
import type { VisibilityEvent } from "shared/model/events";
import { parseVisibility } from "shared/model/visibility";
import type { Claim } from "../reconcile/compare.ts";
import { toColumns } from "../restore/entry-forms.ts";
import type { AccountRow } from "../rows/read-accounts.ts";
import type { EntryRow } from "../rows/read-entries.ts";
import { isSoundEntry, toInteger, toTime } from "../rows/sound-rows.ts";

/** The values of one player on one board in Redis, unparsed; null where absent. */
export interface FoundEntry {
  record: string | null;
  /** Attempts and metadata. */
  details: string | null;
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
  const record = parseRecord(found.record);
  const recorded = toInteger(record.rankedScore);
  const ranked = toInteger(found.score);
  // Without its value a record of the simplest kind still follows from the ranking.
  const mended = recorded === undefined && ranked !== undefined ? { rankedScore: found.score, score: found.score } : {};
  const score = recorded ?? ranked;
  if (!isPlace(record.place, record.sub !== null) || score === undefined || record.name === "") {
    return { row: undefined, isWhole: false, isPresent: true };
  }
  const version = toVersion(record.updatedAt, latestVersion);
  if (recorded !== undefined && contradictsItself(record)) return { row: undefined, isWhole: false, isPresent: true };
  const isWhole =
    version !== undefined &&
    score === recorded &&
    score === ranked &&
    found.stray === null &&
    areDetails(found.details);
  const columns = toColumns({ ...record, ...mended } as EntryRecord, areDetails(found.details) ? found.details : null);
  const row: EntryRow = {
    board,
    user_id: userId,
    region,
    ...columns,
    updated_at: String(version ?? columns.reached_at),
  };
  return isSoundEntry(row) ? { row, isWhole, isPresent: true } : { row: undefined, isWhole: false, isPresent: true };
}

function isPlace(text: string, hasSub: boolean): boolean {
  const parts = hasSub ? [text.slice(0, SUB_DIGITS), text.slice(SUB_DIGITS)] : [text];
  return parts.every((part) => part.length === ARRIVAL_DIGITS && toTime(part) !== undefined);
}

/**
 * The ranked score is the score or its negative, and the key of a sub-score the sub-score or what
 * it lacks to the greatest.
 */
function contradictsItself({ place, rankedScore, score, sub }: EntryRecord): boolean {
  if (Math.abs(Number(score)) !== Math.abs(Number(rankedScore))) return true;
  if (sub === null) return false;
  const subKey = Number(place.slice(0, SUB_DIGITS));
  return Number(sub) !== subKey && Number(sub) !== Number.MAX_SAFE_INTEGER - subKey;
}

function areDetails(text: string | null): boolean {
  if (text === null) return true;
  const metadata = /^\d{1,16} (\{.*\}|)$/s.exec(text)?.[1];
  if (metadata === undefined || metadata === "") return metadata === "";
  try {
    JSON.parse(metadata);
    return true;
  } catch {
    return false;
  }
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
  const device_hash = found.device_hash ?? "";
  const password_at = found.password_at ?? "";
  const isPresent = Object.values(found).some((value) => value !== null);
  const isDated = toTime(created_at) !== undefined && toVersion(updated_at, latestVersion) !== undefined;
  if (!isDated || name === null || region === null || password_hash === null || !created_at || !updated_at) {
    return { row: undefined, isWhole: false, isPresent };
  }
  const row = { user_id: userId, name, region, password_hash, device_hash, password_at, created_at, updated_at };
  return { row, isWhole: true, isPresent };
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
