import type { BoardChanges, BoardState, EntryName } from "./api/live.ts";

const nameOf = ({ region, user_id }: EntryName) => `${region} ${user_id}`;

/** Applies a `change` of a live stream to the state before. @returns the later state */
export function applyChanges(before: BoardState, { total, left, entered, changed, moved }: BoardChanges): BoardState {
  const entries = new Map(before.entries.map((entry) => [nameOf(entry), entry] as const));
  for (const name of left) entries.delete(nameOf(name));
  for (const entry of [...entered, ...changed]) entries.set(nameOf(entry), entry);
  for (const { rank, ...name } of moved) {
    const entry = entries.get(nameOf(name));
    if (entry !== undefined) entries.set(nameOf(name), { ...entry, rank });
  }
  return { ...before, total, entries: [...entries.values()].sort((a, b) => Number(a.rank) - Number(b.rank)) };
}
