import { type Erasure, type Removal, rankingIn, userIdIn, versionIn } from "shared/model/events";
import { nameEntry } from "shared/redis/keys";

/**
 * Whether an event, well-formed or not, belongs to an erased player, or to an entry that was
 * removed, and is not newer than that.
 */
export type IsErased = (event: Buffer) => boolean;

/** Judges by the text of an event, because a dead event need not parse. */
export function erasedBy(erasures: readonly Erasure[], removals: readonly Removal[] = []): IsErased {
  const erasedAt = new Map<string, number>();
  const note = (name: string, { updated_at }: Erasure | Removal) =>
    erasedAt.set(name, Math.max(erasedAt.get(name) ?? 0, Number(updated_at)));
  for (const erasure of erasures) note(erasure.user_id, erasure);
  for (const removal of removals) note(nameEntry(removal.board, removal.user_id), removal);
  return (event) => {
    if (erasedAt.size === 0) return false;
    const text = event.toString("utf8");
    const userId = userIdIn(text) ?? "";
    const ofEntry = erasedAt.get(nameEntry(rankingIn(text) ?? "", userId)) ?? -1;
    return (versionIn(text) ?? 0) <= Math.max(erasedAt.get(userId) ?? -1, ofEntry);
  };
}
