import { toArrival } from "shared/base/times";
import { formatRecord } from "shared/entries/records";

export interface PlainEntry {
  score: number | string;
  /** Microseconds, as `version`. */
  reachedAt: number;
  version: number | string;
  name: string;
}

/** The record of an entry on a board where the highest score wins, without sub-scores. */
export function plainRecord({ score, reachedAt, version, name }: PlainEntry): string {
  const text = String(score);
  const place = toArrival(reachedAt);
  return formatRecord({ place, updatedAt: String(version), rankedScore: text, score: text, sub: null, name });
}
