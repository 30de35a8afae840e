import { beforeEach, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTopology } from "shared/model/regions";
import { boardsKey, entriesKey, fenceKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { dirForFile, forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { runLb } from "testing/services/run-lb";
import { upsertScores } from "../../drainer/src/rows/upsert-scores.ts";
import { HEADER } from "../../drainer/src/transfer/board-file.ts";
import { scoreEvent, startUnderTest } from "../../drainer/test/drainer-under-test.ts";

const under = await forFile(startUnderTest());
const dir = await dirForFile();
const topology = createTopology(["EU", "NA"], 1, ["main", "weekly"]);
await openFences(under.redis, topology);
const settings = createSettings({ home: under.redis, queueMax: 100 });
beforeEach(() => under.clear());

const lb = (...args: string[]) =>
  runLb(
    args,
    { REDIS_URL: under.redisUrl, POSTGRES_URL: under.postgresUrl, REGIONS: "EU,NA", BOARDS: "main,weekly" },
    { cwd: dir },
  );
const make = (id: string, state = "open", replaces?: string) =>
  settings.put("boards", id, { value: { state, created_at: "2026-01-02T03:04:05.678901Z" }, replaces });
const TIME = "2020-01-02T03:04:05.678901Z";
await writeFile(join(dir, "board.csv"), `${HEADER.csv}ann,Ann,EU,5,${TIME},${TIME}\n`);

test("a board that an operator made is imported, exported and printed", async () => {
  const rev = await make("weekly-race");
  expect(await lb("import", "board.csv", "--board", "weekly-race")).toMatchObject({
    code: 0,
    out: expect.stringContaining(" 1 entry imported"),
  });
  for (const shard of topology.shards) {
    expect(await under.redis.hget(boardsKey(shard), "weekly-race")).toBe(`${rev} open`);
  }
  const [eu] = topology.shards;
  expect(eu && (await under.redis.hget(entriesKey(eu, "weekly-race"), "ann"))).toEndWith(" 5 Ann");
  const exported = await lb("export", "--board", "weekly-race", "--wait", "0");
  expect(exported.out).toBe(`${HEADER.csv}ann,Ann,EU,5,${TIME},${TIME}\n`);
  const top = await lb("top", "--board", "weekly-race", "--json");
  expect([top.code, JSON.parse(top.out)]).toMatchObject([0, { total: 1, entries: [{ user_id: "ann", score: 5 }] }]);
});

test.each(["import board.csv", "export", "top"])(
  "%s of a board that is not there names it, and a near one",
  async (call) => {
    const [name = "", ...args] = call.split(" ");
    await make("weekly-race");
    for (let n = 0; n < 3; n++) await make(`other-${n}`);
    const fault = (rest: string) => ({ code: 1, out: "", err: `lb ${name}: --board: there is no board ${rest}\n` });
    expect(await lb(name, ...args, "--board", "weekly-rcae")).toEqual(fault("weekly-rcae; did you mean weekly-race?"));
    expect(await lb(name, ...args, "--board", "something")).toEqual(fault("something"));
    await make("going", "deleting");
    expect(await lb(name, ...args, "--board", "going")).toMatchObject({ code: 1, out: "" });
    const message = `lb ${name}: --board must be 1 to 32 characters out of a-z, 0-9, _ and -, the first no - or _\n`;
    expect(await lb(name, ...args, "--board", "-Race")).toMatchObject({ code: 1, out: "" });
    expect(await lb(name, ...args, "--board", "Race")).toEqual({ code: 1, out: "", err: message });
  },
);

test("a board of which PostgreSQL has rows is exported, although it is not there any more", async () => {
  await under.database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, 10, { board: "of-old" })]));
  const { code, out } = await lb("export", "--board", "of-old", "--wait", "0");
  expect([code, out]).toEqual([0, expect.stringContaining("\nann,Name of ann,EU,5,")]);
  expect((await lb("import", "board.csv", "--board", "of-old")).err).toContain("there is no board of-old");
});

test("configured boards are printed while the home Redis is being restored, others once it is open", async () => {
  await make("cup");
  const open = (await under.redis.get(fenceKey("accounts"))) ?? "";
  await under.redis.set(fenceKey("accounts"), "test 0 0 lost");
  const printed = await lb("top", "--board", "weekly");
  const refused = await lb("top", "--board", "cup");
  await under.redis.set(fenceKey("accounts"), open);
  expect([printed.code, refused.code]).toEqual([0, 1]);
  expect(refused.err).toContain("is being restored");
});
