import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { ACCOUNTS_TAG, accountKey, fenceKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart } from "shared/redis/scripts/parts";
import source from "./read-account.lua" with { type: "text" };

/** The fields of an account as Redis keeps them; none for a player who has no account. */
export type Account = Partial<
  Record<
    "name" | "region" | "password_hash" | "device_hash" | "password_at" | "created_at" | "updated_at" | "initial_score",
    string
  >
>;

const layout = defineLayout({ keys: ["fence"], args: {} });
const script = defineScript({
  name: "read-account",
  source,
  parts: [isOpenPart],
  layout,
  isFenced: true,
  failsAs: "read",
  parse: (reply) => reply as string[][] | null,
});

/**
 * Whether a token's identity is of this account: the same, in its region, its password not changed
 * since.
 */
export const isAccountOf = (identity: Identity, account: Account): boolean =>
  account.created_at === identity.account &&
  account.region === identity.region &&
  (account.password_at || undefined) === identity.passwordAt;

/** Whom a token for this account speaks for. */
export const toIdentity = (userId: string, { name = "", region = "", ...account }: Account): Identity => ({
  userId,
  name,
  region,
  account: account.created_at,
  passwordAt: account.password_at || undefined,
});

async function readAccounts(home: Redis, userIds: readonly string[]): Promise<Account[]> {
  const keys = layout.toKeys({ fence: fenceKey(ACCOUNTS_TAG) });
  const accounts = await script(home, keys.concat(userIds.map(accountKey)), []);
  if (accounts === null) throw accountsAway();
  return accounts.map(toAccount);
}

function toAccount(pairs: readonly string[]): Account {
  const account: Record<string, string> = {};
  for (let i = 0; i < pairs.length; i += 2) account[pairs[i] ?? ""] = pairs[i + 1] ?? "";
  return account;
}

/** @throws Problem `unavailable`, also until the store has been compared with PostgreSQL */
export async function readAccount(home: Redis, userId: string): Promise<Account> {
  const [account = {}] = await readAccounts(home, [userId]);
  return account;
}

/**
 * The player of an account; undefined for a player who has none.
 *
 * @throws Problem as {@link readAccount} does
 */
export async function readIdentity(home: Redis, userId: string): Promise<Identity | undefined> {
  return (await readIdentities(home, [userId]))[0];
}

/** The same of several players, in their order. */
export async function readIdentities(home: Redis, userIds: readonly string[]): Promise<(Identity | undefined)[]> {
  const accounts = await readAccounts(home, userIds);
  return accounts.map(({ name, region, created_at: account }, index) => {
    const userId = userIds[index];
    return userId && name && region && account ? { userId, name, region, account } : undefined;
  });
}

/** The restarted store of accounts is being compared with PostgreSQL, or restored from it. */
export const accountsAway = () =>
  new Problem("unavailable", "The store of accounts is being restored. Nothing was changed; try again.");
