import { ARRIVAL_DIGITS } from "../base/times.ts";

/** What Redis keeps of an entry beside the ranking. */
export interface EntryRecord {
  /** The prefix of the entry's member in the ranking. */
  arrival: string;
  /** Microseconds, as they stand: the version of the last write. */
  updatedAt: string;
  /** As the ranking has it; kept twice, so that the two can be held against each other. */
  score: string;
  name: string;
}

/** `<arrival> <updated_at> <score> <name>`: the form in which `submit.lua` writes it. */
export const formatRecord = ({ arrival, updatedAt, score, name }: EntryRecord) =>
  `${arrival} ${updatedAt} ${score} ${name}`;

/** Reads a record; the name is last, and may hold spaces. Nothing is checked: parts that are not there are empty. */
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
