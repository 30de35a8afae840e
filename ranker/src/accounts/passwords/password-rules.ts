import { invalidField } from "shared/api/problems";
import { CHARACTERS_MIN, normalizePassword } from "shared/auth/passwords";

/**
 * Refuses the passwords that are guessed first, in any case: the most used ones, and the player's
 * id and name.
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

const refusal = (message: string) => invalidField("password", message);

let loading: Promise<ReadonlySet<string>> | undefined;

/** Some 18,000 passwords, loaded at the first use: 20 ms, and 2 MB from then on. */
function mostUsed(): Promise<ReadonlySet<string>> {
  loading ??= import("@zxcvbn-ts/language-common").then(({ dictionary }) => {
    const passwords = dictionary["passwords-common"].map(String).map(fold);
    return new Set(passwords.filter((password) => password.length >= CHARACTERS_MIN));
  });
  return loading;
}
