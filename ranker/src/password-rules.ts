import { Problem } from "shared/problems";
import { z } from "zod";

const CHARACTERS_MIN = 8;
const CHARACTERS_MAX = 128;

/** The form that is counted, compared and hashed: one password, however a keyboard composes it (NIST SP 800-63B). */
export const normalizePassword = (password: string) => password.normalize("NFKC");

const lengthOf = (password: string) => [...normalizePassword(password)].length;

/** A new password: nothing but its length is prescribed, and that it is not {@link refuseGuessable guessable}. */
export const newPasswordSchema = z
  .string()
  .refine((password) => lengthOf(password) >= CHARACTERS_MIN, `must have at least ${CHARACTERS_MIN} characters`)
  .refine((password) => lengthOf(password) <= CHARACTERS_MAX, `must have at most ${CHARACTERS_MAX} characters`);

/** What may be tried at a login: any text that could be a password, in whatever form it is sent. */
export const triedPasswordSchema = z.string().max(8 * CHARACTERS_MAX);

/**
 * Refuses what is guessed first, in capitals or small letters: the most used passwords, and the player's id and name.
 *
 * @throws Problem `invalid_request` that names `password`
 */
export async function refuseGuessable(password: string, { user_id, name }: { user_id: string; name: string }) {
  const folded = fold(password);
  if ([user_id, name].map(fold).includes(folded)) throw refusal("must not be the user_id or the name");
  if ((await mostUsed()).has(folded))
    throw refusal("must not be one of the most used passwords: these are tried first");
}

const fold = (text: string) => normalizePassword(text).toLowerCase();

const refusal = (message: string) =>
  new Problem("invalid_request", "The body is not valid: password.", { errors: [{ field: "password", message }] });

let loading: Promise<ReadonlySet<string>> | undefined;

/** Some 18,000 of them, read when the first is asked for: 20 ms, and 2 MB from then on. */
function mostUsed(): Promise<ReadonlySet<string>> {
  loading ??= import("@zxcvbn-ts/language-common").then(({ dictionary }) => {
    const passwords = dictionary["passwords-common"].map(String).map(fold);
    return new Set(passwords.filter((password) => password.length >= CHARACTERS_MIN));
  });
  return loading;
}
