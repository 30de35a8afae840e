import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "shared/postgres/database";

/** Whether databases answered within the last two seconds. */
export interface DatabaseProbe {
  isUp(url: string): boolean;
  close(): Promise<void>;
}

const INTERVAL_MS = 1_000;
const DEADLINE_MS = 1_000;

/**
 * Probes each database once a second, for readiness. Each probe has a connection of its own: a
 * probe that times out replaces its pool, and must not interrupt a batch.
 */
export function probeDatabases(urls: Iterable<string>): DatabaseProbe {
  const stopping = new AbortController();
  const { signal } = stopping;
  const up = new Set<string>();
  const probed = [...urls].map((url) => ({
    url,
    database: openDatabase(url, { deadlineMs: DEADLINE_MS, connectionsMax: 1 }),
  }));

  async function probe({ url, database }: (typeof probed)[number]): Promise<void> {
    while (!signal.aborted) {
      try {
        await database.run((sql) => sql`SELECT 1`);
        up.add(url);
      } catch {
        up.delete(url);
      }
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }

  for (const each of probed) void probe(each);
  return {
    isUp: (url) => up.has(url),
    async close() {
      stopping.abort();
      await Promise.all(probed.map(({ database }) => database.close()));
    },
  };
}
