import { afterAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { createLog } from "shared/log/log";
import { openDatabases } from "shared/postgres/databases";
import { awaitStores, connectStores } from "shared/stores/stores";
import { scratchDir } from "stack/scratch-dir";
import { readServerCost } from "testing/redis/server-cost";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import type { Drift } from "../../../drainer/src/reconcile/reconcile.ts";
import { entrySweeps } from "../../../drainer/src/subjects/subjects.ts";
import { createPlayers } from "../stage/players.ts";
import { seedPostgres } from "../stage/seed-postgres.ts";
import { startBenchPostgres } from "../stage/stores.ts";
import { REGION } from "../stage/topology.ts";
import { startGrowthBoard } from "./board.ts";

const nowUs = Date.now() * 1000;
const dir = await scratchDir();
const postgres = await startBenchPostgres(dir, ["shards_1", "shards_16"]);
afterAll(async () => {
  await postgres.drop();
  await rm(dir, { recursive: true, force: true });
});

test.each([1, 16])("reconcile finds nothing wrong with a seed on %p shards", async (shards) => {
  await using stack = new AsyncDisposableStack();
  const players = createPlayers(2_500, nowUs);
  const { topology, url: redisUrl } = await startGrowthBoard(stack, { dir, players, shards });
  const url = postgres.url(`shards_${shards}`);
  await migrate(url);
  await seedPostgres(url, "leaderboard", players);
  await seedPostgres(url, "accounts", players);

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
  await using stack = new AsyncDisposableStack();
  const players = createPlayers(1_000, nowUs);
  const { admin, calls } = await startGrowthBoard(stack, { dir, players, shards: 16 });
  const player = players.at(7);
  const score = player.score + 10;
  expect(await calls.submit(player)).toMatchObject({ entry: { score } });
  expect(await calls.rank(player)).toMatchObject({ total: 1_000, score });
  expect(await calls["top 100"](player)).toMatchObject({ total: 1_000, entries: { length: 100 } });
  expect(await calls["around 10"](player)).toMatchObject({ total: 1_000, around: { length: 20 } });
  expect(await calls["count ahead"](player)).toMatchObject({ before: expect.any(Number), total: expect.any(Number) });
  const before = await readServerCost(admin);
  await calls.rank(player);
  const after = await readServerCost(admin);
  expect(after.cpuUs).toBeGreaterThan(before.cpuUs);
  expect(after.scriptUs).toBeGreaterThan(before.scriptUs);
});
