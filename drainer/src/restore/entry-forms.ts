import { type EntryDetails, formatDetails, parseDetails } from "shared/entries/details";
import { type EntryRecord, formatRecord, fromPlace, toPlace } from "shared/entries/records";
import type { EntryRow } from "../rows/read-entries.ts";

/** An entry as Redis keeps it, and as a row. Neither form needs the definition of the board. */

/** What Redis keeps of an entry. */
export interface KeptEntry {
  member: string;
  /** The ranked score. */
  score: string;
  record: string;
  /** Null where there is none. */
  details: string | null;
}

export function toKept(row: EntryRow): KeptEntry {
  const { user_id, name, score, sub = null, updated_at, attempts, metadata = null } = row;
  const place = toPlace(row);
  const rankedScore = row.sort_key ?? score;
  return {
    member: place + user_id,
    score: rankedScore,
    record: formatRecord({ place, updatedAt: updated_at, rankedScore, score, sub, name }),
    details: formatDetails({ attempts: attempts ?? "0", metadata }),
  };
}

/** The columns of a row that a record and the details decide, but for those that name the entry. */
type Columns = Omit<EntryRow, "board" | "user_id" | "region">;

/** @param details as `parseDetails` takes them */
export function toColumns(record: EntryRecord, details: string | null): Columns {
  const { place, updatedAt, rankedScore, score, sub, name } = record;
  const { subKey, reachedAtUs } = fromPlace(place);
  return {
    name,
    score,
    sort_key: rankedScore === score ? null : rankedScore,
    sub,
    sub_key: sub === null ? null : subKey,
    reached_at: String(reachedAtUs),
    updated_at: updatedAt,
    ...toDetailColumns(parseDetails(details)),
  };
}

const toDetailColumns = ({ attempts, metadata }: EntryDetails): Pick<EntryRow, "attempts" | "metadata"> => ({
  attempts: attempts === "0" ? null : attempts,
  metadata,
});
