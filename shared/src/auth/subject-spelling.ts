import { createHash } from "node:crypto";
import { isUserId, USER_ID_CHARACTERS_MAX } from "../model/scores.ts";

/**
 * The beginning of every `user_id` that spells a subject. No player can register such an id, so a
 * spelled subject never meets a local account.
 */
export const SPELLED = "x--";
// Not a byte in hex digits, so that no other spelling begins like it.
const HASHED = `${SPELLED}_h`;

/** Whether a `user_id` is the spelling of a provider's subject. */
export const isSpelledSubject = (userId: string): boolean => userId.startsWith(SPELLED);

/**
 * The `user_id` of a provider's subject. A subject that is a `user_id` stays as it is. Any other is
 * spelled: `auth0|5f7c` is `x--auth0_7C5f7c`, each byte outside of A-Z a-z 0-9 and - as `_` and two
 * hex digits. `readSubject` reads it back. One that does not fit into 64 characters so becomes its
 * SHA-256, which cannot be read back.
 *
 * @returns `undefined` for an empty subject and for one with a lone surrogate, which has no bytes
 */
export function spellSubject(subject: string): string | undefined {
  if (isUserId(subject) && !isSpelledSubject(subject)) return subject;
  if (subject === "" || !subject.isWellFormed()) return undefined;
  const spelled =
    SPELLED +
    Buffer.from(subject)
      .toString("latin1")
      .replace(/[^A-Za-z0-9-]/g, toEscape);
  if (spelled.length <= USER_ID_CHARACTERS_MAX) return spelled;
  return HASHED + createHash("sha256").update(subject).digest("base64url");
}

/** The subject of a `user_id`; `undefined` where the spelling is a hash, or none of ours. */
export function readSubject(userId: string): string | undefined {
  if (!isSpelledSubject(userId)) return userId;
  const bytes = userId.slice(SPELLED.length).replace(/_([0-9A-F]{2})/g, (_, hex) => fromHex(hex));
  const subject = Buffer.from(bytes, "latin1").toString();
  return spellSubject(subject) === userId ? subject : undefined;
}

const toEscape = (byte: string) => `_${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
const fromHex = (hex: string) => String.fromCharCode(Number.parseInt(hex, 16));
