import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { backoffAfter } from "../drain/step-pause.ts";
import { migrate } from "./migrate.ts";

/** Migrates a database, and retries without end while it is away: its events wait in Redis. */
export async function migrateWhenThere(url: string, log: Log): Promise<void> {
  const database = new URL(url).pathname.slice(1);
  for (let failures = 1; ; failures++) {
    try {
      const applied = await migrate(url);
      if (applied.length > 0) log.info({ database, applied }, "migrated");
      return;
    } catch (error) {
      if (failures === 1) log.warn({ database, err: error }, "the database cannot be migrated yet");
      await delay(backoffAfter(failures, Math.random()));
    }
  }
}
