import { ARRIVAL_DIGITS, fromArrival, toArrival } from "../base/times.ts";
import { SUB_DIGITS } from "./sub-score.ts";

/** The record of an entry, in a hash beside the ranking. Numbers are decimal texts, exact. */
export interface EntryRecord {
  /**
   * Prefix of the entry's member in the ranking: the arrival, behind the sub-score's key on a board
   * that has sub-scores.
   */
  place: string;
  /** Version of the last write (µs), unparsed. */
  updatedAt: string;
  /** The same score as in the ranking, so that `reconcile` can compare the two. */
  rankedScore: string;
  /**
   * The score that callers see, in units: where the lowest is the best, another than the ranked
   * one.
   */
  score: string;
  /** Null on a board without sub-scores. */
  sub: string | null;
  name: string;
}

/** The digits in front of the `user_id` in the members of a board. */
export const placeDigitsOf = ({ sub }: { sub: unknown }): number =>
  sub === null ? ARRIVAL_DIGITS : SUB_DIGITS + ARRIVAL_DIGITS;

/** A place in a ranking, as rows and events name it. */
export interface Place {
  /** Undefined or null on a board without sub-scores. */
  sub_key?: string | null | undefined;
  /** Microseconds. */
  reached_at: string;
}

export const toPlace = ({ sub_key, reached_at }: Place): string =>
  (sub_key == null ? "" : sub_key.padStart(SUB_DIGITS, "0")) + toArrival(Number(reached_at));

/** The inverse of {@link toPlace}. NaN for the time of a text that is no place. */
export function fromPlace(place: string): { subKey: string | null; reachedAtUs: number } {
  const arrival = place.slice(-ARRIVAL_DIGITS);
  const sub = place.slice(0, -ARRIVAL_DIGITS);
  return { subKey: sub === "" ? null : String(Number(sub)), reachedAtUs: fromArrival(arrival) };
}

/**
 * Formats a record as `submit.lua` does: `<place> <updated_at> <ranked score> <name>`. Where the
 * score or a sub-score does not follow from the ranked score, `,<score>` and `,<sub>` are behind
 * it: a record can be read without the definition of its board.
 */
export function formatRecord({ place, updatedAt, rankedScore, score, sub, name }: EntryRecord): string {
  const ends = sub === null ? "" : `,${sub}`;
  const value = sub === null && score === rankedScore ? rankedScore : `${rankedScore},${score}${ends}`;
  return `${place} ${updatedAt} ${value} ${name}`;
}

/**
 * Reads a record without checks: missing parts are empty. The name is last, and may hold spaces.
 */
export function parseRecord(record: string): EntryRecord {
  const placeEnd = record.indexOf(" ");
  const place = placeEnd < 0 ? record : record.slice(0, placeEnd);
  const versionEnd = record.indexOf(" ", placeEnd + 1);
  const valueEnd = record.indexOf(" ", versionEnd + 1);
  if (placeEnd < 0 || versionEnd < 0 || valueEnd < 0) {
    return { place, updatedAt: "", rankedScore: "", score: "", sub: null, name: "" };
  }
  const value = record.slice(versionEnd + 1, valueEnd);
  const updatedAt = record.slice(placeEnd + 1, versionEnd);
  const name = record.slice(valueEnd + 1);
  if (!value.includes(",")) return { place, updatedAt, rankedScore: value, score: value, sub: null, name };
  const [rankedScore = "", score = "", sub = null] = value.split(",");
  return { place, updatedAt, rankedScore, score, sub, name };
}

/** The ranked score alone, for pages: a tenth of {@link parseRecord}. NaN for a text without. */
export function rankedScoreOf(record: string): number {
  const at = record.indexOf(" ", record.indexOf(" ") + 1) + 1;
  return Number.parseInt(record.slice(at, at + RANKED_CHARACTERS_MAX), 10);
}

/** `-9007199254740991` */
const RANKED_CHARACTERS_MAX = 17;
