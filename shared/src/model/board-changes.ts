import type { Entry } from "../api/entries.ts";

/** The first places of a view, as somebody who looks at it sees them: ranks count from 1, without a gap. */
export interface BoardState {
  region: string;
  board: string;
  /** Entries of the whole view. */
  total: number;
  entries: Entry[];
}

/** Names an entry: one user_id may stand in two regions, where a player was moved by hand. */
export interface EntryName {
  user_id: string;
  region: string;
}

/** What is other in a later state. Every entry is in one of the lists, or in none. */
export interface BoardChanges {
  total: number;
  left: EntryName[];
  entered: Entry[];
  /** Entries that say something else than before, a new score as a rule; the rank may be another, too. */
  changed: Entry[];
  /** Entries of which the rank alone is another. */
  moved: (EntryName & { rank: number })[];
}

/** A key that no two entries of a view share. */
export const nameOf = ({ region, user_id }: EntryName) => `${region} ${user_id}`;

const byName = (entries: readonly Entry[]) => new Map(entries.map((entry) => [nameOf(entry), entry]));

const says = (entry: Entry) => `${entry.score} ${entry.updated_at} ${entry.name}`;

/** The way from one state of a view to a later one. */
export function diffBoards(before: BoardState, after: BoardState): BoardChanges {
  const [old, present] = [byName(before.entries), byName(after.entries)];
  const changes: BoardChanges = { total: after.total, left: [], entered: [], changed: [], moved: [] };
  for (const { user_id, region } of before.entries) {
    if (!present.has(nameOf({ user_id, region }))) changes.left.push({ user_id, region });
  }
  for (const [index, entry] of after.entries.entries()) {
    const was = old.get(nameOf(entry));
    if (was === undefined) changes.entered.push(entry);
    else if (says(was) !== says(entry)) changes.changed.push(entry);
    else if (was.rank !== entry.rank) {
      changes.moved.push({ user_id: entry.user_id, region: entry.region, rank: index + 1 });
    }
  }
  return changes;
}

/** The later state, out of the one before and the way there. */
export function applyChanges(before: BoardState, { total, left, entered, changed, moved }: BoardChanges): BoardState {
  const entries = byName(before.entries);
  for (const name of left) entries.delete(nameOf(name));
  for (const entry of [...entered, ...changed]) entries.set(nameOf(entry), entry);
  for (const { rank, ...name } of moved) {
    const entry = entries.get(nameOf(name));
    if (entry !== undefined) entries.set(nameOf(name), { ...entry, rank });
  }
  return { ...before, total, entries: [...entries.values()].sort((a, b) => Number(a.rank) - Number(b.rank)) };
}
