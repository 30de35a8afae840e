import { randomBytes } from "node:crypto";
import { accountGone, invalidField, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import type { LimitedNetworks } from "shared/limits/limited-network";
import type { ChangeAccount } from "../change-account.ts";
import type { CountTry } from "../login-tries.ts";
import { isAccountOf } from "../read-account.ts";
import { refuseGuessable } from "./password-rules.ts";
import type { Passwords } from "./passwords.ts";

export interface NewPassword {
  password: string;
  old_password?: string | undefined;
}

/** Both end the player's tokens from before. `networks` are those of the client. */
export interface ChangePasswords {
  /**
   * Sets a player's password, or changes it with the old one.
   *
   * @returns whom a new token speaks for
   * @throws Problem `invalid_token`, `invalid_request`, `bad_credentials`, `rate_limited`, and what
   *   {@link ChangeAccount} throws
   */
  set(player: Identity, given: NewPassword, networks: LimitedNetworks): Promise<Identity>;
  /**
   * Gives a player a random password.
   *
   * @returns the password
   * @throws Problem `not_found` for a player without an account, and what {@link ChangeAccount}
   *   throws
   */
  reset(userId: string, networks: LimitedNetworks): Promise<string>;
}

export interface ChangePasswordsOptions {
  changeAccount: ChangeAccount;
  passwords: Passwords;
  countTry: CountTry;
}

const RANDOM_BYTES = 12;

export function createChangePasswords({ changeAccount, passwords, countTry }: ChangePasswordsOptions): ChangePasswords {
  /** A wrong old password is a failed login: a token alone must not open the account for good. */
  async function requireOld(userId: string, hash: string, old: string | undefined, networks: LimitedNetworks) {
    if (old === undefined) throw invalidField("old_password", "is required: the player has a password");
    await countTry(userId, networks, async () => {
      if (await passwords.matches(old, hash, networks)) return;
      throw new Problem("bad_credentials", "The old password is wrong.");
    });
  }

  return {
    set: (player, { password, old_password: old }, networks) =>
      changeAccount(player.userId, async (account) => {
        if (!isAccountOf(player, account)) throw accountGone();
        await refuseGuessable(password, { user_id: player.userId, name: account.name ?? "" });
        if (account.password_hash) await requireOld(player.userId, account.password_hash, old, networks);
        else if (old !== undefined) throw invalidField("old_password", "must be left out: the player has no password");
        return { passwordHash: await passwords.hash(password, networks) };
      }),

    async reset(userId, networks) {
      const password = randomBytes(RANDOM_BYTES).toString("base64url");
      await changeAccount(userId, async ({ created_at: createdAt }) => {
        if (createdAt === undefined) throw new Problem("not_found", `The player ${userId} has no account here.`);
        return { passwordHash: await passwords.hash(password, networks) };
      });
      return password;
    },
  };
}
