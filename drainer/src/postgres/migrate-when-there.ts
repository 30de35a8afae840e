import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { readPostgresUrl } from "shared/stores/postgres-url";
import { backoffAfter } from "../drain/step-pause.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { migrate } from "./migrate.ts";

const UNKEPT = "this client does not bind channels: sslmode=verify-full protects the connection as well";

/** Migrates a database, and retries without end while it is away: its events wait in Redis. */
export async function migrateWhenThere(url: string, log: Log): Promise<void> {
  const target = readPostgresUrl(url);
  const { database, unkept } = target;
  if (unkept.length > 0) log.warn({ database, parameters: unkept }, UNKEPT);
  let logged = "";
  for (let failures = 1; ; failures++) {
    try {
      const applied = await migrate(url);
      if (applied.length > 0) log.info({ database, applied: applied.length, latest: applied.at(-1) }, "migrated");
      return;
    } catch (error) {
      const err = explainRefusal(error, target);
      const { message } = err;
      if (message !== logged) log.warn({ database, err }, "the database cannot be migrated yet");
      logged = message;
      await delay(backoffAfter(failures, Math.random()));
    }
  }
}
