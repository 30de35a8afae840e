import type { Database } from "shared/postgres/database";
import type { Connection } from "shared/redis/connection";
import { accountErasedKeyPrefix, accountKey, accountKeyPrefix, accountKeys } from "shared/redis/keys";
import { primariesOf, type Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { readAhead } from "../command/in-flight.ts";
import { accountQueue } from "../queues/queues.ts";
import { judge } from "../reconcile/compare.ts";
import { toErasedAt, toMoment } from "../reconcile/oldest-queued.ts";
import type { Reading, Subject, Suspect } from "../reconcile/reconcile.ts";
import { type AccountRow, accountArgs, readAccounts, readAccountsOf } from "../rows/read-accounts.ts";
import { isSoundAccount } from "../rows/sound-rows.ts";
import { overwriteAccounts } from "../rows/upsert-accounts.ts";
import mendSource from "./mend-account.lua" with { type: "text" };
import readSource from "./read-accounts.lua" with { type: "text" };
import { toAccountClaim } from "./redis-claims.ts";

// A script that reads 500 accounts, or a SCAN of 500 keys, blocks Redis for some 1 ms.
const PAGE = 500;

type Text = string | null;
type RawAccount = [erased: Text, ...fields: Text[]];
const readLayout = defineLayout({
  keys: ["queue", "clock"],
  args: { accountPrefix: "text", erasedPrefix: "text" },
  item: { userId: "text" },
});
const readScript = defineScript({
  name: "read-accounts",
  source: readSource,
  layout: readLayout,
  parts: [versionsPart],
  parse: (reply) => reply as [oldestEvent: Text, clock: Text, now: string, ...RawAccount[]],
  hasOtherKeys: true,
});
const mendLayout = defineLayout({
  keys: ["account", "clock", "erased", "device"],
  args: { userId: "text", readVersion: "text", ...accountArgs },
});
const mendScript = defineScript({
  name: "mend-account",
  source: mendSource,
  parts: [versionsPart],
  layout: mendLayout,
  parse: Number,
});

const toSuspect = (userId: string): Suspect => ({ tag: accountQueue.tag, userId, member: "", key: accountKey(userId) });

/** The accounts, as a {@link Subject}. */
export function createAccountSubject(redis: Redis, database: Database): Subject<AccountRow> {
  async function readClaims(suspects: readonly Suspect[]): Promise<Reading<AccountRow>[]> {
    const [first] = suspects;
    if (first === undefined) return [];
    const args = readLayout.toArgs({ accountPrefix: accountKeyPrefix, erasedPrefix: accountErasedKeyPrefix });
    args.push(...suspects.flatMap(readLayout.toItem));
    const keys = readLayout.toKeys(accountKeys(first.userId));
    const [oldestEvent, clock, now, ...raws] = await readScript(redis, keys, args);
    const { oldestWaiting, latestVersion } = toMoment(oldestEvent, clock, now);
    return suspects.map((suspect, index): Reading<AccountRow> => {
      const [erased = null, ...values] = raws[index] ?? [];
      const [name = null, region = null, password_hash = null, device_hash = null, password_at = null] = values;
      const [created_at = null, updated_at = null] = values.slice(5);
      const found = { name, region, password_hash, device_hash, password_at, created_at, updated_at };
      const claim = toAccountClaim(found, suspect.userId, latestVersion);
      return {
        suspect,
        claim,
        isForeign: false,
        erasedAt: toErasedAt(erased),
        isQueued: Number(claim.row?.updated_at ?? 0) >= oldestWaiting,
        isSame: (a, b) => fields.every((field) => a[field] === b[field]),
        async mend(row) {
          const args = mendLayout.toArgs({ userId: suspect.userId, readVersion: updated_at ?? "", ...row });
          await mendScript(redis, mendLayout.toKeys(accountKeys(suspect.userId, row.device_hash)), args);
        },
      };
    });
  }

  async function* findInPostgres() {
    for await (const rows of readAhead(readAccounts(database, PAGE))) {
      const readings = await readClaims(rows.map((row) => toSuspect(row.user_id)));
      const suspects = readings.flatMap(({ suspect, claim, isSame }, index) =>
        judge(claim, rows[index], isSoundAccount, isSame).kind === "same" ? [] : [suspect],
      );
      yield { compared: rows.length, suspects };
    }
  }

  /**
   * Accounts without a row. No key lists the accounts, so this scans all keys of the home Redis.
   */
  async function* findInRedis() {
    for (const server of primariesOf(redis)) yield* findOn(server);
  }

  async function* findOn(server: Connection) {
    let cursor = "0";
    do {
      const [next, keys] = await server.scan(cursor, "MATCH", `${accountKeyPrefix}*`, "COUNT", PAGE);
      cursor = next;
      const ids = keys.map((key) => key.slice(accountKeyPrefix.length));
      const rows = ids.length === 0 ? [] : await readAccountsOf(database, ids);
      const known = new Set(rows.map((row) => row.user_id));
      yield { compared: ids.length, suspects: ids.filter((id) => !known.has(id)).map(toSuspect) };
    } while (cursor !== "0");
  }

  return {
    board: undefined,
    async *findSuspects() {
      yield* findInPostgres();
      yield* findInRedis();
    },
    readClaims,
    readRows: (userIds) => readAccountsOf(database, userIds),
    isSound: isSoundAccount,
    isForeignTo: (claimed, row) => isSoundAccount(row) && claimed.created_at !== row.created_at,
    overwriteRows: (rows) => database.run((sql) => overwriteAccounts(sql, rows)),
  };
}

const fields = ["name", "region", "password_hash", "device_hash", "password_at", "created_at", "updated_at"] as const;
