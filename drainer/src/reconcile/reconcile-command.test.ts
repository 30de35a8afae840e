import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { createTopology } from "shared/model/regions";
import { accountKey, entriesKey } from "shared/redis/keys";
import { openFences } from "testing/open-fences";
import { scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { upsertAccounts } from "../rows/upsert-accounts.ts";
import { upsertScores } from "../rows/upsert-scores.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
  await openFences(it.redis, createTopology(["GLOBAL", "ASIA", "EU", "NA"], 1, []));
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const eu = { region: "EU", partition: 0, tag: "EU" };
const hash = "$argon2id$secret";
const account = { name: "Ann", region: "EU", password_hash: hash, created_at: "5", updated_at: "5" };

async function command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH ?? "", REDIS_URL: it.redisUrl, POSTGRES_URL: it.postgresUrl };
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../../../infra/commands/lb.ts"), "reconcile", ...args],
    {
      env,
      cwd: "/",
      stdin: "ignore",
      stderr: "pipe",
    },
  );
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

test("0 when the stores agree, 2 when they do not, 0 when that was repaired", async () => {
  expect(await command()).toMatchObject({ code: 0, out: expect.stringContaining("0 differences, 0 repaired") });
  await it.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10)]));
  const found = await command();
  expect(found.code).toBe(2);
  expect(found.out).toMatch(/^entry_missing {2}ann {2}leaderboard:\{EU\}\nDone in [\d.]+ s: 1 differences, 0 repaired/);
  const repaired = await command("--fix");
  expect(repaired.code).toBe(0);
  expect(repaired.out).toContain("entry_missing  ann  leaderboard:{EU}  repaired\n");
  expect(await it.redis.hget(entriesKey(eu, "main"), "ann")).toEndWith(" 10 5 Name of ann");
  expect((await command()).code).toBe(0);
});

test("--region looks at that region alone, --json is for machines, and no hash is ever shown", async () => {
  await it.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10)]));
  await it.database.run((sql) => upsertAccounts(sql, [{ user_id: "ann", ...account }]));
  await it.redis.hset(accountKey("ann"), { ...account, password_hash: "another secret" });
  expect((await command("--region", "na")).code).toBe(0);
  const { code, out } = await command("--json");
  expect(code).toBe(2);
  expect(out).not.toContain("secret");
  expect(
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { queue: "EU", board: "main", user_id: "ann", key: "leaderboard:{EU}", kind: "entry_missing", repaired: false },
    { queue: "accounts", user_id: "ann", key: "account:{accounts}:ann", kind: "row_differs", repaired: false },
    { compared: 3, moving: 0, differences: 2, repaired: 0 },
  ]);
});

test.each([
  ["a region that is none", ["--region", "MOON"], "--region must be one of GLOBAL, ASIA, EU, NA"],
  ["an option that is none", ["--fxi"], "--fxi"],
])("%s: 1, and a word about it", async (_, args, word) => {
  expect(await command(...args)).toMatchObject({ code: 1, out: "", err: expect.stringContaining(word) });
});

test("1 when a store fails", async () => {
  await it.database.run((sql) => sql`ALTER TABLE leaderboard RENAME TO elsewhere`);
  expect(await command()).toMatchObject({ code: 1, err: expect.stringContaining("leaderboard") });
  await it.database.run((sql) => sql`ALTER TABLE elsewhere RENAME TO leaderboard`);
});

test("--help says what there is", async () => {
  const { code, out } = await command("--help");
  expect(code).toBe(0);
  for (const option of ["--fix", "--region", "--json"]) expect(out).toContain(option);
});
