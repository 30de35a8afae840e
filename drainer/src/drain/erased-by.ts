import type { Erasure } from "shared/model/events";

/** Whether an event, well-formed or not, is of an erased player and not newer than the erasure. */
export type IsErased = (event: Buffer) => boolean;

const USER_ID = /"user_id"\s*:\s*"([A-Za-z0-9_-]{1,64})"/;
const VERSION = /"updated_at"\s*:\s*"(\d{1,16})"/;

/** The player of an event, well-formed or not; nothing where it does not tell. */
export const userIdIn = (event: Buffer): string | undefined => USER_ID.exec(event.toString("utf8"))?.[1];

/** By the text of the event: it may be dead just because it does not parse. */
export function erasedBy(erasures: readonly Erasure[]): IsErased {
  const erasedAt = new Map<string, number>();
  for (const { user_id, updated_at } of erasures) {
    erasedAt.set(user_id, Math.max(erasedAt.get(user_id) ?? 0, Number(updated_at)));
  }
  return (event) => {
    if (erasedAt.size === 0) return false;
    const text = event.toString("utf8");
    return Number(VERSION.exec(text)?.[1] ?? 0) <= (erasedAt.get(USER_ID.exec(text)?.[1] ?? "") ?? -1);
  };
}
