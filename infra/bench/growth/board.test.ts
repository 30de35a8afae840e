import { afterAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { createLog } from "shared/log/log";
import { awaitStores, connectStores } from "shared/stores/stores";
import { scratchDir } from "stack/scratch-dir";
import { readServerCost } from "testing/redis/server-cost";
import { openDatabases } from "../../../drainer/src/postgres/databases.ts";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import type { Drift } from "../../../drainer/src/reconcile/reconcile.ts";
import { entrySweeps } from "../../../drainer/src/subjects/subjects.ts";
import { seedPostgres } from "../stage/seed-postgres.ts";
import { startBenchPostgres } from "../stage/stores.ts";
import { REGION } from "../stage/topology.ts";
import { startGrowthBoard } from "./board.ts";

const nowUs = Date.now() * 1000;
const dir = await scratchDir();
const postgres = await startBenchPostgres(dir, ["shards_1", "shards_16"]);
afterAll(async () => {
  await postgres.kill();
  await rm(dir, { recursive: true, force: true });
});

test.each([1, 16])("reconcile finds nothing wrong with a seed on %p shards", async (shards) => {
  await using stack = new AsyncDisposableStack();
  const {
    topology,
    players,
    url: redisUrl,
  } = stack.use(await startGrowthBoard({ dir, entries: 2_500, shards, nowUs }));
  const url = postgres.url(`shards_${shards}`);
  await migrate(url);
  await seedPostgres({ url, region: REGION, players, table: "leaderboard" });
  await seedPostgres({ url, region: REGION, players, table: "accounts" });

  const log = createLog("test", "silent");
  const urls = (each: string) => new Map([[REGION, each]]);
  const databases = openDatabases(url, urls(url));
  stack.defer(databases.close);
  const stores = connectStores({ homeUrl: redisUrl, urlsByRegion: urls(redisUrl), name: "test", log });
  stack.defer(async () => stores.close());
  await awaitStores(stores, topology, { isProduction: false, log });
  const found: Drift[] = [];
  let compared = 0;
  for (const sweep of entrySweeps({ topology, stores, databases }, topology.shards)) {
    compared += (await sweep({ isFixing: false, onDrift: (drift) => found.push(drift) })).compared;
  }
  expect(found).toEqual([]);
  expect(compared).toBe(2 * 2_500); // from either side
});

test("every operation is the ranker's own, and reaches every shard", async () => {
  await using board = await startGrowthBoard({ dir, entries: 1_000, shards: 16, nowUs });
  const player = board.players.at(7);
  expect(await board.call("submit", player)).toMatchObject({ entry: { score: player.score + 10 } });
  expect(await board.call("rank", player)).toMatchObject({ total: 1_000, score: player.score + 10 });
  expect(await board.call("top 100", player)).toMatchObject({ total: 1_000, entries: { length: 100 } });
  expect(await board.call("around 10", player)).toMatchObject({ total: 1_000, around: { length: 20 } });
  expect(await board.call("count ahead", player)).toEqual({ before: expect.any(Number), total: expect.any(Number) });
  const before = await readServerCost(board.admin);
  await board.call("rank", player);
  const after = await readServerCost(board.admin);
  expect(after.cpuUs).toBeGreaterThan(before.cpuUs);
  expect(after.scriptUs).toBeGreaterThan(before.scriptUs);
});
