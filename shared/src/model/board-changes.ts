import type { Entry } from "../api/entries.ts";

/** The top of a view: ranks count from 1, without a gap. */
export interface BoardState {
  region: string;
  board: string;
  /** Number of entries in the whole view. */
  total: number;
  entries: Entry[];
  /** On a board with seasons, the one that runs. A change is within it. */
  season?: number | undefined;
  starts_at?: string | null | undefined;
  ends_at?: string | null | undefined;
}

/** Identifies an entry: a player who was moved by hand may stand in two regions. */
export interface EntryName {
  user_id: string;
  region: string;
}

/** The difference between two states. An entry is in at most one of the lists. */
export interface BoardChanges {
  total: number;
  left: EntryName[];
  entered: Entry[];
  /** Entries with another score, time, tier or name; the rank may differ as well. */
  changed: Entry[];
  /** Entries of which only the rank differs. */
  moved: (EntryName & { rank: number })[];
}

/** A key that is unique within a view. */
export const nameOf = ({ region, user_id }: EntryName) => `${region} ${user_id}`;

const byName = (entries: readonly Entry[]) => new Map(entries.map((entry) => [nameOf(entry), entry]));

/** A tier follows from the rank and the total, too: it may change while its player does nothing. */
const contentOf = (entry: Entry) => `${entry.score} ${entry.updated_at} ${entry.tier} ${entry.name}`;

/** Computes the changes from one state of a view to a later one. */
export function diffBoards(before: BoardState, after: BoardState): BoardChanges {
  const [old, present] = [byName(before.entries), byName(after.entries)];
  const changes: BoardChanges = { total: after.total, left: [], entered: [], changed: [], moved: [] };
  for (const { user_id, region } of before.entries) {
    if (!present.has(nameOf({ user_id, region }))) changes.left.push({ user_id, region });
  }
  for (const [index, entry] of after.entries.entries()) {
    const was = old.get(nameOf(entry));
    if (was === undefined) changes.entered.push(entry);
    else if (contentOf(was) !== contentOf(entry)) changes.changed.push(entry);
    else if (was.rank !== entry.rank) {
      changes.moved.push({ user_id: entry.user_id, region: entry.region, rank: index + 1 });
    }
  }
  return changes;
}
