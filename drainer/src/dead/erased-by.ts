import { type Erasure, userIdIn, versionIn } from "shared/model/events";

/**
 * Whether an event, well-formed or not, belongs to an erased player and is not newer than the
 * erasure.
 */
export type IsErased = (event: Buffer) => boolean;

/** Judges by the text of an event, because a dead event need not parse. */
export function erasedBy(erasures: readonly Erasure[]): IsErased {
  const erasedAt = new Map<string, number>();
  for (const { user_id, updated_at } of erasures) {
    erasedAt.set(user_id, Math.max(erasedAt.get(user_id) ?? 0, Number(updated_at)));
  }
  return (event) => {
    if (erasedAt.size === 0) return false;
    const text = event.toString("utf8");
    return (versionIn(text) ?? 0) <= (erasedAt.get(userIdIn(text) ?? "") ?? -1);
  };
}
