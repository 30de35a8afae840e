import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { dirForFile, forFile } from "testing/for-file";
import { runLb, startLb } from "testing/services/run-lb";
import { until } from "testing/until";
import { HEADER } from "../../drainer/src/transfer/board-file.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const dir = await dirForFile();
const sql = postgres(under.postgresUrl, { max: 3, onnotice: () => {} });
await forFile({ close: () => sql.end() });
const { home } = under.sides.stores;

const OLD = "2020-01-02T03:04:05.678901Z";
const BATCH = 1_000;
const PLAYERS = BATCH + 500;
const lines = Array.from({ length: PLAYERS }, (_, n) => `p${n},P,${under.regionOf(`p${n}`)},${n},${OLD},${OLD}\n`);
const text = HEADER.csv + lines.join("");
await writeFile(join(dir, "board.csv"), text);

const env = { REDIS_URL: under.redisServer.url, POSTGRES_URL: under.postgresUrl, REGIONS: "EU,NA", BOARDS: "main" };
const importFile = async (...options: string[]) => {
  const { code, out } = await runLb(["import", "board.csv", "--json", ...options], env, { cwd: dir });
  return [code, JSON.parse(out)];
};
const counts = (some: object) => ({ imported: 0, skipped: 0, repaired: 0, erased: 0, bad: 0, ...some });
const released = () => home.call("CLIENT", "UNPAUSE");

beforeEach(() => under.clear());
afterEach(released);

/**
 * Starts an import from an open input, whose first batch PostgreSQL has and Redis has not. Redis
 * takes writes again after `released`.
 */
async function startHalfBatch(...options: string[]) {
  const holding = await sql.reserve();
  await holding`BEGIN`;
  await holding`LOCK TABLE leaderboard IN SHARE MODE`;
  const child = startLb(["import", ...options], env, { cwd: dir });
  child.stdin.write(text);
  await child.stdin.flush();
  const waiting = () =>
    sql`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO leaderboard%'`;
  await until(waiting, (rows) => rows.length > 0);
  await home.call("CLIENT", "PAUSE", "60000", "WRITE");
  const before = await rowVersions();
  await holding`COMMIT`;
  holding.release();
  await until(rowVersions, (now) => now !== before);
  return child;
}

/** A text that every committed batch changes. */
async function rowVersions(): Promise<string> {
  const [row] = await sql`SELECT count(*)::text || ' ' || max(updated_at)::text AS versions FROM leaderboard`;
  return String(row?.versions);
}

const clients = async () => String(await home.call("CLIENT", "LIST"));

describe.each([[[]], [["--overwrite"]]])("an import with %p", (options) => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("finishes the batch under way at %s, and ends with %i and with what to run", async (signal, code) => {
    await importFile();
    if (options.length === 0) await under.clear();
    const child = await startHalfBatch(...options);
    child.kill(signal);
    await released();
    const end = await child.ended;
    expect([end.code, end.out]).toEqual([code, ""]);
    expect(end.err.trimEnd().split("\n").at(-1)).toBe(
      `lb import: stopped by ${signal}: run the same command again, and it completes the import`,
    );
    expect(await under.sweep(false)).toEqual([]);
    expect(await importFile(...options)).toEqual([0, counts({ imported: PLAYERS })]);
    expect(await under.sweep(false)).toEqual([]);
  });

  test("that was killed is completed by the same command", async () => {
    await importFile();
    if (options.length === 0) await under.clear();
    await killHalfBatch(...options);
    expect(await importFile(...options)).toEqual([0, counts({ imported: PLAYERS })]);
    expect(await under.sweep(false)).toEqual([]);
  });
});

async function killHalfBatch(...options: string[]): Promise<void> {
  const child = await startHalfBatch(...options);
  child.kill("SIGKILL");
  await child.ended;
  await until(clients, (list) => !list.includes("name=import"));
  await released();
  expect(await under.sweep(false)).toHaveLength(BATCH);
}

test("entries that stay because PostgreSQL has newer ones are put into Redis where it lacks them", async () => {
  await importFile();
  await killHalfBatch("--overwrite");
  await under.set("p0", 77); // newer than both
  expect(await importFile()).toEqual([0, counts({ imported: PLAYERS - BATCH, skipped: BATCH, repaired: BATCH - 1 })]);
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  expect(await importFile()).toEqual([0, counts({ imported: PLAYERS - BATCH, skipped: BATCH })]);
});

describe("an export", () => {
  const parts = async () => (await readdir(dir)).filter((name) => name.endsWith(".part"));
  /** An export that waits for a drainer, with its part beside the file. */
  async function startWaiting() {
    await under.set("p0", 1);
    const child = startLb(["export", "out.csv"], env, { cwd: dir });
    await until(parts, (names) => names.length === 1);
    return child;
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("removes its part at %s, and ends with %i", async (signal, code) => {
    const child = await startWaiting();
    child.kill(signal);
    expect(await child.ended).toMatchObject({ code, err: expect.stringContaining("run the same command again") });
    expect((await readdir(dir)).toSorted()).toEqual(["board.csv"]);
  });

  test("that was killed leaves a part, which the next export of the file removes", async () => {
    const other = "out.csv.1.0123456789abcdef.part"; // of a process that runs
    await writeFile(join(dir, other), "");
    const child = startLb(["export", "out.csv"], env, { cwd: dir });
    await under.set("p0", 1);
    await until(parts, (names) => names.length === 2);
    child.kill("SIGKILL");
    await child.ended;
    await under.drain();
    expect(await runLb(["export", "out.csv"], env, { cwd: dir })).toMatchObject({ code: 0 });
    expect((await readdir(dir)).toSorted()).toEqual(["board.csv", "out.csv", other]);
  });
});
