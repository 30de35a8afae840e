import { z } from "zod";

export const CHARACTERS_MIN = 8;
const CHARACTERS_MAX = 128;
// Of a login, before NFKC: no Unicode form of a character is longer than eight characters.
const TRIED_CHARACTERS_MAX = 8 * CHARACTERS_MAX;

/** The form that is counted, compared and hashed (NIST SP 800-63B): keyboards differ. */
export const normalizePassword = (password: string) => password.normalize("NFKC");

const lengthOf = (password: string) => [...normalizePassword(password)].length;

/** A new password: only its length is checked here. The ranker refuses easily guessed ones. */
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

/** The password of a login: any text that NFKC could turn into a valid one. */
export const triedPasswordSchema = z
  .string()
  // Counted in characters, as JSON Schema does, not in UTF-16 units.
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
