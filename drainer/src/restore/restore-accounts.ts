import { SETTING_KINDS } from "shared/model/settings";
import type { Database } from "shared/postgres/database";
import {
  ACCOUNTS_TAG,
  accountClockKey,
  accountErasedKey,
  accountErasedKeyPrefix,
  accountKey,
  accountKeyPrefix,
  deviceKeyPrefix,
} from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { createInFlight, readAhead } from "../command/in-flight.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import { type AccountRow, accountArgs, readAccounts } from "../rows/read-accounts.ts";
import { readErasures } from "../rows/read-erasures.ts";
import { isSoundAccount, isSoundSetting } from "../rows/sound-rows.ts";
import { putSettings } from "../settings/put-settings.ts";
import { readSettings } from "../settings/read-settings.ts";
import { SCRIPTS_IN_FLIGHT, slices } from "./put-entries.ts";
import erasuresSource from "./restore-account-erasures.lua" with { type: "text" };
import accountsSource from "./restore-accounts.lua" with { type: "text" };
import { hasValidUserId, toTtlMs } from "./restore-erasures.ts";

const accountsLayout = defineLayout({
  keys: ["clock"],
  args: { accountPrefix: "text", erasedPrefix: "text", devicePrefix: "text" },
  item: { user_id: "text", ...accountArgs },
});
const accountsScript = defineScript({
  name: "restore-accounts",
  source: accountsSource,
  parts: [versionsPart],
  layout: accountsLayout,
  parse: Number,
  hasOtherKeys: true,
});
const erasuresLayout = defineLayout({
  keys: ["clock"],
  args: { devicePrefix: "text" },
  item: { version: "text", ttl: "number" },
});
const erasuresScript = defineScript({
  name: "restore-account-erasures",
  source: erasuresSource,
  parts: [versionsPart],
  layout: erasuresLayout,
  parse: Number,
  hasOtherKeys: true,
});

/**
 * Puts the accounts, and what operators set, into the home Redis.
 *
 * @param onRows is told what each page and each script adds to the counts. May throw to end the
 *   restore
 * @throws what Redis or PostgreSQL throw
 */
export async function restoreAccounts(
  database: Database,
  home: Redis,
  onRows: (more: { accounts?: number; settings?: number; unknown?: number }) => void,
): Promise<void> {
  await using scripts = createInFlight(SCRIPTS_IN_FLIGHT);
  await restoreAccountErasures(database, home, () => onRows({}));
  for await (const page of readAhead(readAccounts(database))) {
    const known = page.filter(isSoundAccount);
    onRows({ unknown: page.length - known.length });
    for (const rows of slices(known)) {
      await scripts.start(async () => {
        onRows({ accounts: await retryBriefly(() => putAccounts(home, rows)) });
      });
    }
  }
  for (const kind of SETTING_KINDS) {
    for await (const page of readAhead(readSettings(database, kind))) {
      const known = page.filter(isSoundSetting);
      onRows({ unknown: page.length - known.length });
      for (const rows of slices(known)) {
        await scripts.start(async () => {
          onRows({ settings: await retryBriefly(() => putSettings(home, kind, rows)) });
        });
      }
    }
  }
  await scripts.finish();
}

/** Removes accounts that PostgreSQL has erased from the home Redis. */
async function restoreAccountErasures(database: Database, home: Redis, onPage: () => void): Promise<void> {
  for await (const page of readErasures(database, ACCOUNTS_TAG)) {
    for (const rows of slices(page.filter(hasValidUserId))) {
      const keys = erasuresLayout.toKeys({ clock: accountClockKey });
      keys.push(...rows.flatMap(({ user_id }) => [accountKey(user_id), accountErasedKey(user_id)]));
      const args = erasuresLayout.toArgs({ devicePrefix: deviceKeyPrefix });
      args.push(...rows.flatMap((row) => erasuresLayout.toItem({ version: row.erased_us, ttl: toTtlMs(row) })));
      await retryBriefly(() => erasuresScript(home, keys, args));
    }
    onPage();
  }
}

function putAccounts(home: Redis, rows: readonly AccountRow[]): Promise<number> {
  const args = accountsLayout.toArgs({
    accountPrefix: accountKeyPrefix,
    erasedPrefix: accountErasedKeyPrefix,
    devicePrefix: deviceKeyPrefix,
  });
  args.push(...rows.flatMap(accountsLayout.toItem));
  return accountsScript(home, accountsLayout.toKeys({ clock: accountClockKey }), args);
}
