import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { accountTail } from "shared/model/events";
import { ACCOUNTS_TAG, accountKeys } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, versionsPart } from "shared/redis/scripts/parts";
import source from "./change-account.lua" with { type: "text" };
import { type Account, readAccount, toIdentity } from "./read-account.ts";
import { type AccountStore, closed, tooManyWait } from "./write-account.ts";

/** What an account gets; what is left out stays. */
export interface AccountChange {
  name?: string;
  passwordHash?: string;
}

/**
 * Changes an account that `decide` has looked at; where it changed meanwhile, `decide` looks again.
 *
 * @returns whom tokens speak for from now on
 * @throws Problem `queue_full`, `unavailable`, `outcome_unknown`, and what `decide` throws
 */
export type ChangeAccount = (userId: string, decide: (account: Account) => Promise<AccountChange>) => Promise<Identity>;

// Two changes of one account at once: each round one of them gets through.
const ROUNDS_MAX = 3;

const layout = defineLayout({
  keys: ["queue", "clock", "account", "fence"],
  args: {
    readVersion: "text",
    queueMax: "number",
    eventTail: "text",
    name: "text",
    passwordHash: "text",
    isPassword: "flag",
  },
});
type Changed = [outcome: "changed", version: string, passwordAt: string] | [outcome: "stale" | "queue_full" | "closed"];
const script = defineScript({
  name: "change-account",
  source,
  parts: [isOpenPart, versionsPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => reply as Changed,
  isRefusal: ([outcome]) => outcome !== "changed",
});

export function createChangeAccount(store: AccountStore): ChangeAccount {
  const { redis, writer, confirm, fences, queueMax } = store;
  return async (userId, decide) => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const account = await readAccount(redis, userId);
      const change = await decide(account);
      const { region = "", device_hash, updated_at: readVersion = "" } = account;
      const name = change.name ?? account.name ?? "";
      const passwordHash = change.passwordHash ?? account.password_hash ?? "";
      const args = layout.toArgs({
        readVersion,
        queueMax,
        eventTail: accountTail({ user_id: userId, name, region, password_hash: passwordHash, device_hash }),
        name,
        passwordHash,
        isPassword: change.passwordHash !== undefined,
      });
      const [outcome, version, passwordAt] = await script(writer, layout.toKeys(accountKeys(userId)), args, confirm);
      if (outcome === "changed") {
        fences.onWritten(writer, ACCOUNTS_TAG, [Number(version)]);
        return toIdentity(userId, { ...account, name, password_at: passwordAt });
      }
      if (outcome === "queue_full") throw tooManyWait();
      if (outcome === "closed") throw closed(store);
    }
    throw new Problem("unavailable", "The account is being changed by others. Nothing was changed; try again.");
  };
}
