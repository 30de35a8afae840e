import { z } from "zod";

export const CHARACTERS_MIN = 8;
const CHARACTERS_MAX = 128;
/** Of a password that is tried, in whatever form it is sent: no form of a character has more. */
const TRIED_CHARACTERS_MAX = 8 * CHARACTERS_MAX;

/** The form that is counted, compared and hashed: one password, however a keyboard composes it (NIST SP 800-63B). */
export const normalizePassword = (password: string) => password.normalize("NFKC");

const lengthOf = (password: string) => [...normalizePassword(password)].length;

/** A new password: nothing but its length is prescribed here; that it is not easily guessed, the ranker sees to. */
export const newPasswordSchema = z
  .string()
  .refine((password) => lengthOf(password) >= CHARACTERS_MIN, `must have at least ${CHARACTERS_MIN} characters`)
  .refine((password) => lengthOf(password) <= CHARACTERS_MAX, `must have at most ${CHARACTERS_MAX} characters`)
  .meta({
    format: "password",
    writeOnly: true,
    minLength: CHARACTERS_MIN,
    maxLength: CHARACTERS_MAX,
    description:
      `${CHARACTERS_MIN} to ${CHARACTERS_MAX} characters of any kind, in Unicode's form NFKC. Refused are the most used ` +
      "passwords, the `user_id` and the `name`. May be left out only where the server runs with `PASSWORDS=optional`.",
  });

/** What may be tried at a login: any text that could be a password, in whatever form it is sent. */
export const triedPasswordSchema = z
  .string()
  // In characters, as JSON Schema counts: not in UTF-16 units.
  .refine(
    (password) => [...password].length <= TRIED_CHARACTERS_MAX,
    `must have at most ${TRIED_CHARACTERS_MAX} characters`,
  )
  .meta({
    format: "password",
    writeOnly: true,
    maxLength: TRIED_CHARACTERS_MAX,
    description: "May be left out, for a player without one, only where the server runs with `PASSWORDS=optional`.",
  });
