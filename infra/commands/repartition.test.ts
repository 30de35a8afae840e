import { beforeEach, expect, test } from "bun:test";
import { splitKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { runLb } from "testing/services/run-lb";
import { upsertScores } from "../../drainer/src/rows/upsert-scores.ts";
import { scoreEvent, startUnderTest } from "../../drainer/test/drainer-under-test.ts";

const under = await forFile(startUnderTest());
beforeEach(() => under.clear());

const run = (name: string, args: string[], partitions = 1) =>
  runLb([name, ...args], {
    REDIS_URL: under.redisUrl,
    POSTGRES_URL: under.postgresUrl,
    REGIONS: "EU",
    PARTITIONS: String(partitions),
  });
const command = (...args: string[]) => run("repartition", args);

test("it moves the entries, says what to do next, and moves nothing when run again", async () => {
  await under.database.run((sql) => sql`TRUNCATE leaderboard`);
  await under.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10), scoreEvent("bob", 5, 9)]));
  expect((await run("restore", [])).code).toBe(0);
  const { code, out } = await command("--to", "4");
  expect(code).toBe(0);
  expect(out).toMatch(
    /^EU: 2 entries and 0 answers moved from 1 to 4\.\nDone in [\d.]+ s: restart rankers and drainers with PARTITIONS=4\.\n$/,
  );
  expect(await under.redis.get(splitKey("EU"))).toBe("4");
  expect((await command("--to", "4")).out).toContain("EU: has 4 already.");
  const json = await command("--to", "1", "--json");
  expect(json.out).toBe('{"region":"EU","from":4,"entries":2,"broken":0,"answers":0,"to":1}\n');
});

test.each([
  ["restore", []],
  ["reconcile", ["--fix"]],
  ["queue", []],
])("%s with another number of partitions than Redis has is refused, with what to do", async (name, args) => {
  await under.redis.set(splitKey("EU"), "4");
  const { code, err } = await run(name, args);
  expect([code, err]).toEqual([
    1,
    `lb ${name}: PARTITIONS is 1, but the data of EU in Redis is split into 4: ` +
      "set PARTITIONS=4, or move the data with ./lb repartition --to 1.\n",
  ]);
  expect((await run(name, args, 4)).code).toBe(0);
});

test("a restore into an empty Redis writes the number of partitions", async () => {
  expect((await run("restore", [], 4)).code).toBe(0);
  expect(await under.redis.get(splitKey("EU"))).toBe("4");
});

test.each([
  ["a missing number", []],
  ["zero", ["--to", "0"]],
  ["too large a number", ["--to", "1025"]],
  ["a fraction", ["--to", "4.5"]],
  ["an option that does not exist", ["--form", "1"]],
])("%s is refused, and the command ends with 1", async (_, args) => {
  const { code, out, err } = await command(...args);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/--to must be a whole number from 1 to 1024|--form/);
});

test("--help says what clients see during the move", async () => {
  const { code, out } = await command("--help");
  expect(code).toBe(0);
  for (const word of ["--to", "503", "run again"]) expect(out).toContain(word);
});
