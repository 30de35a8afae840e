import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Registry } from "prom-client";
import { toArrival } from "shared/base/times";
import { createLog, type Log } from "shared/log/log";
import { openDatabases } from "shared/postgres/databases";
import { boardKey } from "shared/redis/keys";
import { connectStores } from "shared/stores/stores";
import { scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { unshared } from "../leases/lease.ts";
import { restore } from "../restore/restore.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import type { Sides } from "../subjects/sides.ts";
import { type DriftWatchOptions, startDriftWatch } from "./drift-watch.ts";
import { measureSweeps } from "./sweep-metrics.ts";

let it: UnderTest;
let sides: Sides;
beforeAll(async () => {
  it = await startUnderTest();
  const stores = connectStores({
    homeUrl: it.redisUrl,
    urlsByRegion: new Map([["EU", it.redisUrl]]),
    name: "test",
    log: createLog("test", "silent"),
  });
  await Promise.all(stores.all.map((redis) => redis.connect()));
  const databases = openDatabases(it.postgresUrl, new Map([["EU", it.postgresUrl]]));
  sides = { topology: it.topology, stores, databases };
});
afterAll(async () => {
  sides.stores.close();
  await sides.databases.close();
  await it.close();
});
beforeEach(async () => {
  await it.clear();
  await it.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10), scoreEvent("bob", 6, 11)]));
  await restore(sides);
});

const free = { ...unshared, hold: async () => false };

/** Watches until one sweep has ended. @returns the log as one text, and a scrape after it */
async function sweepOnce(options: Partial<DriftWatchOptions> = {}): Promise<{ logged: string; scraped: string }> {
  const registry = new Registry();
  const metrics = measureSweeps(registry, () => 5_000);
  const { promise: isDone, resolve } = Promise.withResolvers<void>();
  const lines: string[] = [];
  const log: Log = createLog("test", "info", { write: (line) => void lines.push(line) });
  const watch = startDriftWatch({
    sides,
    isOpen: () => true,
    leases: new Map([
      ["EU", unshared],
      ["accounts", unshared],
    ]),
    accountTag: "accounts",
    intervalMs: 1,
    log,
    metrics: {
      onSweep(...args) {
        metrics.onSweep(...args);
        resolve();
      },
      onFailure() {
        metrics.onFailure();
        resolve();
      },
    },
    ...options,
  });
  await isDone;
  await watch.stop();
  return { logged: lines.join(""), scraped: await registry.metrics() };
}

test("a sweep of stores that agree reports 0 for every kind and its time, and logs nothing", async () => {
  const { logged, scraped } = await sweepOnce();
  expect(logged).toBe("");
  expect(scraped).toContain('leaderboard_drainer_drift_entries{queue="EU",kind="row_missing"} 0');
  expect(scraped).toContain('leaderboard_drainer_drift_entries{queue="accounts",kind="row_missing"} 0');
  expect(scraped).toContain("leaderboard_drainer_sweep_timestamp_seconds 5");
});

test("drift is counted and logged with examples, and nothing is repaired", async () => {
  await it.database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'bob'`);
  await it.redis.zadd(boardKey({ region: "EU", partition: 0, tag: "EU" }, "main"), 99, `${toArrival(10)}ann`);
  const { logged, scraped } = await sweepOnce();
  expect(scraped).toContain('leaderboard_drainer_drift_entries{queue="EU",kind="row_missing"} 1');
  expect(scraped).toContain('leaderboard_drainer_drift_entries{queue="EU",kind="entry_broken"} 1');
  expect(JSON.parse(logged.split("\n")[0] ?? "")).toMatchObject({
    level: "warn",
    queue: "EU",
    kinds: { row_missing: 1, entry_broken: 1 },
    examples: ["ann", "bob"],
  });
  expect((await sweepOnce()).scraped).toContain('leaderboard_drainer_drift_entries{queue="EU",kind="row_missing"} 1');
});

test("a drainer does not compare queues whose lease another drainer holds", async () => {
  await it.database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'bob'`);
  const { logged, scraped } = await sweepOnce({
    leases: new Map([
      ["EU", free],
      ["accounts", unshared],
    ]),
  });
  expect(logged).toBe("");
  expect(scraped).not.toContain('queue="EU"');
});

test("a failed sweep is counted and repeated", async () => {
  await it.database.run((sql) => sql`ALTER TABLE leaderboard RENAME TO elsewhere`);
  const { logged, scraped } = await sweepOnce();
  await it.database.run((sql) => sql`ALTER TABLE elsewhere RENAME TO leaderboard`);
  expect(scraped).toContain("leaderboard_drainer_sweep_failures_total 1");
  expect(logged).toContain("could not be compared");
});

test("a part that cannot be compared reports no drift figures, and the other parts report theirs", async () => {
  await it.database.run((sql) => sql`ALTER TABLE leaderboard RENAME TO elsewhere`);
  const { promise: told, resolve } = Promise.withResolvers<string[]>();
  const watch = startDriftWatch({
    sides,
    accountTag: "accounts",
    intervalMs: 1,
    log: createLog("test", "silent"),
    isOpen: () => true,
    leases: new Map(["EU", "accounts"].map((tag) => [tag, unshared])),
    metrics: { onSweep: (found) => resolve([...found.keys()]), onFailure() {} },
  });
  expect(await told).toEqual(["accounts"]);
  await watch.stop();
  await it.database.run((sql) => sql`ALTER TABLE elsewhere RENAME TO leaderboard`);
});
