import { ARRIVAL_DIGITS } from "../base/times.ts";

/** The record of an entry, in a hash beside the ranking. */
export interface EntryRecord {
  /** Prefix of the entry's member in the ranking. */
  arrival: string;
  /** Version of the last write (µs), unparsed. */
  updatedAt: string;
  /** The same score as in the ranking, so that `reconcile` can compare the two. */
  score: string;
  name: string;
}

/** Formats a record as `submit.lua` does: `<arrival> <updated_at> <score> <name>`. */
export const formatRecord = ({ arrival, updatedAt, score, name }: EntryRecord) =>
  `${arrival} ${updatedAt} ${score} ${name}`;

/**
 * Reads a record without checks: missing parts are empty. The name is last, and may hold spaces.
 */
export function parseRecord(record: string): EntryRecord {
  const arrival = record.slice(0, ARRIVAL_DIGITS);
  const versionEnd = record.indexOf(" ", ARRIVAL_DIGITS + 1);
  const scoreEnd = record.indexOf(" ", versionEnd + 1);
  if (versionEnd < 0 || scoreEnd < 0) return { arrival, updatedAt: "", score: "", name: "" };
  return {
    arrival,
    updatedAt: record.slice(ARRIVAL_DIGITS + 1, versionEnd),
    score: record.slice(versionEnd + 1, scoreEnd),
    name: record.slice(scoreEnd + 1),
  };
}
