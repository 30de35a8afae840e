import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createLog } from "shared/log/log";
import { awaitStores, connectStores } from "shared/stores/stores";
import { scratchPostgres } from "testing/scratch";
import { readServerCost } from "testing/server-cost";
import { openDatabases } from "../../drainer/src/postgres/databases.ts";
import { migrate } from "../../drainer/src/postgres/migrate.ts";
import type { Drift } from "../../drainer/src/reconcile/reconcile.ts";
import { entrySweeps } from "../../drainer/src/subjects/subjects.ts";
import { OPERATIONS, REGION, startGrowthBoard } from "./growth-board.ts";
import type { Growth } from "./growth-report.ts";
import { seedPostgres } from "./seed-postgres.ts";

const NOW_US = Date.now() * 1000;
const disposals: (() => Promise<void>)[] = [];
let postgres: Awaited<ReturnType<typeof scratchPostgres>>;
beforeAll(async () => {
  postgres = await scratchPostgres(["shards_1", "shards_16"]);
  disposals.push(postgres.dispose);
});
afterAll(async () => {
  for (const dispose of disposals.reverse()) await dispose();
});

async function startBoard(entries: number, shards: number) {
  const board = await startGrowthBoard(entries, shards, NOW_US);
  disposals.push(board.dispose);
  return board;
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "bench.ts"), ...args], {
    env: { PATH: process.env.PATH ?? "" },
    stdin: "ignore",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

test.each([1, 16])("a seed on %p shards is what submits and a drainer would have left", async (shards) => {
  const board = await startBoard(2_500, shards);
  const url = postgres.url(`shards_${shards}`);
  await migrate(url);
  const urls = (each: string) => new Map([[REGION, each]]);
  const databases = openDatabases(url, urls(url));
  disposals.push(databases.close);
  await seedPostgres(databases.home, REGION, board.players);

  const log = createLog("test", "silent");
  const stores = connectStores({ homeUrl: board.url, urlsByRegion: urls(board.url), name: "test", log });
  disposals.push(async () => stores.close());
  await awaitStores(stores, board.topology, { isProduction: false, log });
  const found: Drift[] = [];
  let compared = 0;
  const { topology } = board;
  for (const sweep of entrySweeps({ topology, stores, databases }, topology.shards)) {
    compared += (await sweep({ isFixing: false, onDrift: (drift) => found.push(drift) })).compared;
  }
  expect(found).toEqual([]);
  expect(compared).toBe(2 * 2_500); // from either side
});

test("every operation is a ranker's, and reaches every shard", async () => {
  const board = await startBoard(1_000, 16);
  await board.ready();
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

test("tiny boards from end to end: a figure for every operation, size and number of shards", async () => {
  const tiny = ["--entries", "1e2,1e3", "--shards", "1,2", "--calls", "5", "--rounds", "2"];
  const { code, out } = await run("growth", ...tiny, "--json");
  expect(code).toBe(0);
  const { calls, costs, weights, verdicts } = JSON.parse(out) as Growth;
  expect(calls).toBe(10);
  expect(costs.map(({ operation, shards, entries }) => `${operation} ${shards} ${entries}`).sort()).toEqual(
    OPERATIONS.flatMap((name) => ["1 100", "1 1000", "2 100", "2 1000"].map((rest) => `${name} ${rest}`)).sort(),
  );
  for (const { medianMs, p99Ms, quietMs, cpuUs, scriptUs } of costs) {
    expect(Math.min(medianMs, quietMs, cpuUs, scriptUs)).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(medianMs);
  }
  expect(weights).toHaveLength(18);
  expect(weights.filter(({ bytes }) => !(bytes > 0))).toEqual([]);
  expect(verdicts.map(({ shards, from, to }) => [shards, from, to])).toEqual([
    [1, 100, 1000],
    [2, 100, 1000],
  ]);
}, 120_000);

test("what can be measured is said; what cannot is refused by name", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("growth"), err: "" });
  expect(await run("growth", "--help")).toMatchObject({ code: 0, out: expect.stringContaining("--entries"), err: "" });
  expect(await run("shrink")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("shrink is none of") });
  expect(await run("growth", "--max", "3")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("--max") });
});
