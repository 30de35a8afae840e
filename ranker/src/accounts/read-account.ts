import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { accountKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart } from "shared/redis/scripts/parts";
import source from "./read-account.lua" with { type: "text" };

/** The fields of an account as Redis keeps them; none for a player who has no account. */
export type Account = Partial<
  Record<"name" | "region" | "password_hash" | "created_at" | "updated_at" | "initial_score", string>
>;

const layout = defineLayout({ keys: ["account", "fence"], args: {} });
const script = defineScript({
  name: "read-account",
  source,
  parts: [isOpenPart],
  layout,
  isFenced: true,
  failsAs: "read",
  parse: (reply) => reply as string[] | null,
});

/** @throws Problem `unavailable`, also until the store has been compared with PostgreSQL */
export async function readAccount(home: Redis, userId: string): Promise<Account> {
  const pairs = await script(home, layout.toKeys(accountKeys(userId)), []);
  if (pairs === null) throw accountsAway();
  const account: Record<string, string> = {};
  for (let i = 0; i < pairs.length; i += 2) account[pairs[i] ?? ""] = pairs[i + 1] ?? "";
  return account;
}

/**
 * The player of an account; undefined for a player who has none.
 *
 * @throws Problem as {@link readAccount} does
 */
export async function readIdentity(home: Redis, userId: string): Promise<Identity | undefined> {
  const { name, region, created_at: account } = await readAccount(home, userId);
  return name && region && account ? { userId, name, region, account } : undefined;
}

/** The restarted store of accounts is being compared with PostgreSQL, or restored from it. */
export const accountsAway = () =>
  new Problem("unavailable", "The store of accounts is being restored. Nothing was changed; try again.");
