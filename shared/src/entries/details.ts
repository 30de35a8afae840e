/** What an entry has beside its record, on boards that count attempts or keep metadata. */
export interface EntryDetails {
  /** Writes of the player, counted while the board has `attempts_max`. */
  attempts: string;
  /** Minimised JSON; null where there is none. */
  metadata: string | null;
}

/** Reads `<attempts> <metadata>` without checks; null where an entry has neither. */
export function parseDetails(text: string | null): EntryDetails {
  const space = text?.indexOf(" ") ?? -1;
  if (text === null || space < 0) return { attempts: "0", metadata: null };
  return { attempts: text.slice(0, space), metadata: text.slice(space + 1) || null };
}

/** The inverse of {@link parseDetails}. */
export const formatDetails = ({ attempts, metadata }: EntryDetails): string | null =>
  attempts === "0" && metadata === null ? null : `${attempts} ${metadata ?? ""}`;
