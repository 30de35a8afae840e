import { beforeEach, expect, test } from "bun:test";
import { createTopology } from "shared/model/regions";
import { accountKey, entriesKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { runLb } from "testing/services/run-lb";
import { upsertAccounts } from "../../drainer/src/rows/upsert-accounts.ts";
import { upsertScores } from "../../drainer/src/rows/upsert-scores.ts";
import { scoreEvent, startUnderTest } from "../../drainer/test/drainer-under-test.ts";

const under = await forFile(startUnderTest());
await openFences(under.redis, createTopology(["GLOBAL", "ASIA", "EU", "NA"], 1, []));
beforeEach(() => under.clear());

const eu = { region: "EU", partition: 0, tag: "EU" };
const hash = "$argon2id$secret";
const account = { name: "Ann", region: "EU", password_hash: hash, created_at: "5", updated_at: "5" };

const command = (...args: string[]) =>
  runLb(["reconcile", ...args], { REDIS_URL: under.redisUrl, POSTGRES_URL: under.postgresUrl });

test("it ends with 0 when the stores agree, with 2 when they differ, and with 0 when it repaired them", async () => {
  expect(await command()).toMatchObject({ code: 0, out: expect.stringContaining("0 differences, 0 repaired") });
  await under.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10)]));
  const found = await command();
  expect(found.code).toBe(2);
  expect(found.out).toMatch(/^entry_missing {2}ann {2}leaderboard:\{EU\}\nDone in [\d.]+ s: 1 difference, 0 repaired/);
  const repaired = await command("--fix");
  expect(repaired.code).toBe(0);
  expect(repaired.out).toContain("entry_missing  ann  leaderboard:{EU}  repaired\n");
  expect(await under.redis.hget(entriesKey(eu, "main"), "ann")).toEndWith(" 10 5 Name of ann");
  expect((await command()).code).toBe(0);
});

test("--region compares that region alone, --json prints objects, and no password hash is printed", async () => {
  await under.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10)]));
  await under.database.run((sql) => upsertAccounts(sql, [{ user_id: "ann", ...account }]));
  await under.redis.hset(accountKey("ann"), { ...account, password_hash: "another secret" });
  expect((await command("--region", "na")).code).toBe(0);
  const { code, out } = await command("--json");
  expect(code).toBe(2);
  expect(out).not.toContain("secret");
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { queue: "EU", board: "main", user_id: "ann", key: "leaderboard:{EU}", kind: "entry_missing", repaired: false },
    { queue: "accounts", user_id: "ann", key: "account:{accounts}:ann", kind: "row_differs", repaired: false },
    { compared: 3, moving: 0, differences: 2, repaired: 0 },
  ]);
});

test.each([
  ["a region that does not exist", ["--region", "MOON"], "--region must be one of GLOBAL, ASIA, EU, NA"],
  ["an option that does not exist", ["--fxi"], "--fxi"],
])("%s is named, and the command ends with 1", async (_, args, word) => {
  expect(await command(...args)).toMatchObject({ code: 1, out: "", err: expect.stringContaining(word) });
});

test("it ends with 1 when a store fails", async () => {
  await under.database.run((sql) => sql`ALTER TABLE leaderboard RENAME TO elsewhere`);
  expect(await command()).toMatchObject({ code: 1, err: expect.stringContaining("leaderboard") });
  await under.database.run((sql) => sql`ALTER TABLE elsewhere RENAME TO leaderboard`);
});

test("--help lists every option", async () => {
  const { code, out } = await command("--help");
  expect(code).toBe(0);
  for (const option of ["--fix", "--region", "--json"]) expect(out).toContain(option);
});
