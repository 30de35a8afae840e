import { z } from "zod";

export const CHARACTERS_MIN = 8;
const CHARACTERS_MAX = 128;

/** The form that is counted, compared and hashed: one password, however a keyboard composes it (NIST SP 800-63B). */
export const normalizePassword = (password: string) => password.normalize("NFKC");

const lengthOf = (password: string) => [...normalizePassword(password)].length;

/** A new password: nothing but its length is prescribed here; that it is not easily guessed, the ranker sees to. */
export const newPasswordSchema = z
  .string()
  .refine((password) => lengthOf(password) >= CHARACTERS_MIN, `must have at least ${CHARACTERS_MIN} characters`)
  .refine((password) => lengthOf(password) <= CHARACTERS_MAX, `must have at most ${CHARACTERS_MAX} characters`)
  .meta({
    ...{ format: "password", writeOnly: true },
    description:
      `${CHARACTERS_MIN} to ${CHARACTERS_MAX} characters of any kind, in Unicode's form NFKC. Refused are the most used ` +
      "passwords, the `user_id` and the `name`. May be left out only where the server runs with `PASSWORDS=optional`.",
  });

/** What may be tried at a login: any text that could be a password, in whatever form it is sent. */
export const triedPasswordSchema = z
  .string()
  .max(8 * CHARACTERS_MAX)
  .meta({
    ...{ format: "password", writeOnly: true },
    description: "May be left out, for a player without one, only where the server runs with `PASSWORDS=optional`.",
  });
