import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "./database.ts";

/** Whether databases answer, as of a moment ago. */
export interface DatabaseProbe {
  isUp(url: string): boolean;
  close(): Promise<void>;
}

const INTERVAL_MS = 1_000;
const DEADLINE_MS = 1_000;

/**
 * Asks each database now and then, also where nothing waits for it. Over a connection of its own: a question without an
 * answer ends the pool that it was asked in, and no batch is to be in there.
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
