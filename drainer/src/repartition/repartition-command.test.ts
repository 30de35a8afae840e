import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { splitKey } from "shared/redis/keys";
import { scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { upsertScores } from "../rows/upsert-scores.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

async function run(name: string, args: string[], partitions = 1): Promise<{ code: number; out: string; err: string }> {
  const stores = { REDIS_URL: it.redisUrl, POSTGRES_URL: it.postgresUrl };
  const env = { PATH: process.env.PATH ?? "", ...stores, REGIONS: "EU", PARTITIONS: String(partitions) };
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../../infra/commands/lb.ts"), name, ...args], {
    env,
    cwd: "/",
    stdin: "ignore",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}
const command = (...args: string[]) => run("repartition", args);

test("it moves, says what to do next, and finds nothing more to do", async () => {
  await it.database.run((sql) => sql`TRUNCATE leaderboard`);
  await it.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10), scoreEvent("bob", 5, 9)]));
  expect((await run("restore", [])).code).toBe(0);
  const { code, out } = await command("--to", "4");
  expect(code).toBe(0);
  expect(out).toMatch(
    /^EU: 2 entries and 0 answers moved from 1 to 4\.\nDone in [\d.]+ s: restart rankers and drainers with PARTITIONS=4\.\n$/,
  );
  expect(await it.redis.get(splitKey("EU"))).toBe("4");
  expect((await command("--to", "4")).out).toContain("EU: has 4 already.");
  const json = await command("--to", "1", "--json");
  expect(json.out).toBe('{"region":"EU","from":4,"entries":2,"broken":0,"answers":0,"to":1}\n');
});

test.each([
  ["restore", []],
  ["reconcile", ["--fix"]],
  ["queue", []],
])("%s with another number is refused, saying what to do", async (name, args) => {
  await it.redis.set(splitKey("EU"), "4");
  const { code, err } = await run(name, args);
  expect([code, err]).toEqual([
    1,
    "Error: PARTITIONS is 1, but the data of EU in Redis is split into 4: " +
      "set PARTITIONS=4, or move the data with bun run lb repartition --to 1.\n",
  ]);
  expect((await run(name, args, 4)).code).toBe(0);
});

test("a restore writes the number again after FLUSHALL", async () => {
  expect((await run("restore", [], 4)).code).toBe(0);
  expect(await it.redis.get(splitKey("EU"))).toBe("4");
});

test.each([
  ["no number", []],
  ["none", ["--to", "0"]],
  ["too many", ["--to", "1025"]],
  ["no whole number", ["--to", "4.5"]],
  ["an option that is none", ["--form", "1"]],
])("%s: 1, and a word about it", async (_, args) => {
  const { code, out, err } = await command(...args);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/--to must be a whole number from 1 to 1024|--form/);
});

test("--help says what clients see meanwhile", async () => {
  const { code, out } = await command("--help");
  expect(code).toBe(0);
  for (const word of ["--to", "503", "run again"]) expect(out).toContain(word);
});
