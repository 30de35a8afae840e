import { MAIN_BOARD } from "shared/keys";
import { ARRIVAL_DIGITS, fromArrival } from "shared/times";
import type { Claim } from "./compare.ts";
import type { AccountRow, EntryRow } from "./read-rows.ts";
import { toInteger, toTime } from "./sound.ts";

/** What Redis keeps of one player on one board, as it stands; null for what is not there. */
export interface FoundEntry {
  arrival: string | null;
  /** Of the member that the arrival names. */
  score: string | null;
  /** Another member of the same player, that the arrival does not name. */
  stray: { member: string; score: string } | null;
  name: string | null;
  region: string | null;
  /** On `main`, and only there. */
  profileScore: string | null;
  version: string | null;
  /** True when no other board of the player has a later version: the profile's name is then of this one. */
  isNewest: boolean;
}

/** Where and when an entry was read. */
export interface Place {
  board: string;
  region: string;
  /** No version given out by then is greater. */
  latestVersion: number;
}

export function toEntryClaim(found: FoundEntry, userId: string, place: Place): Claim<EntryRow> {
  const { board, region } = place;
  const isMain = board === MAIN_BOARD;
  const standing = readStanding(found, isMain);
  const version = toVersion(found.version, place.latestVersion);
  const isWhole =
    standing !== undefined &&
    standing.arrival === found.arrival &&
    standing.score === toInteger(found.score) &&
    (!isMain || standing.score === toInteger(found.profileScore)) &&
    version !== undefined &&
    found.stray === null &&
    found.name !== null &&
    found.region === region;
  const isPresent = [found.arrival, found.score, found.version, found.stray].some((part) => part !== null);
  if (standing === undefined || found.name === null) return { row: undefined, isWhole: false, isPresent };
  const reachedAt = fromArrival(standing.arrival);
  const row = {
    ...{ board, user_id: userId, name: found.name, region, score: String(standing.score) },
    ...{ reached_at: String(reachedAt), updated_at: String(version ?? reachedAt) },
  };
  return { row, isWhole, isPresent };
}

/** Score and arrival: of what the arrival names, else of the stray member, and on `main` as the profile has it. */
function readStanding(found: FoundEntry, isMain: boolean): { arrival: string; score: number } | undefined {
  const isLost = found.score === null && found.stray !== null;
  const arrival = isLost ? found.stray?.member.slice(0, ARRIVAL_DIGITS) : found.arrival;
  const ranked = toInteger(isLost ? (found.stray?.score ?? null) : found.score);
  const score = (isMain ? toInteger(found.profileScore) : undefined) ?? ranked;
  if (arrival === null || arrival === undefined || score === undefined) return undefined;
  const digits = toInteger(arrival);
  return arrival.length === ARRIVAL_DIGITS && digits !== undefined && digits >= 0 ? { arrival, score } : undefined;
}

/** A version from the future was given out by nobody; believed, it would outlast every write to come. */
function toVersion(text: string | null, latest: number): number | undefined {
  const version = toTime(text);
  return version !== undefined && version <= latest ? version : undefined;
}

/** What Redis keeps of one account. */
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
