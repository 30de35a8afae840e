import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { BestView } from "shared/api/boards";
import { createLog } from "shared/log/log";
import { configuredBoard } from "shared/model/board";
import { createTopology } from "shared/model/regions";
import { boardKey, clockKey, splitKey } from "shared/redis/keys";
import { connectRedis, isCluster, primariesOf, type Redis } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { parseInfo } from "testing/redis/server-cost";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../../test/ranker-under-test.ts";
import { rankedIn } from "../../seasons/ranked-board.ts";
import { toGroup } from "../groups/shard-groups.ts";
import { createReadGroupTop } from "./read-group-top.ts";
import { createTopCache } from "./top-cache.ts";

let under: UnderTest;
let down: Redis;
const away = new Set<string>();
beforeAll(async () => {
  under = await startUnderTest();
  down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
});
afterAll(() => {
  down.disconnect();
  return under.close();
});
beforeEach(async () => {
  away.clear();
  await flushAll(under.redis);
});

const BOARDS = ["main", "weekly"];
const set = (ranker: Built, id: string, region: string, value: number, board = "main") =>
  ranker.submit(player(id, region), { operation: "set", board, value });
const shownIn = ({ entries }: BestView) => entries.map(({ user_id, score }) => `${user_id} ${score}`);

async function build(partitions = 1): Promise<Built> {
  const ranker = await under.build({
    topology: createTopology(REGIONS, partitions, BOARDS),
    redisOf: (region) => (away.has(region) ? down : under.redis),
  });
  for (const [n, region] of REGIONS.entries()) {
    for (let i = 0; i < 4; i++) await set(ranker, `${region}-${i}`, region, 10 * i + n);
  }
  return ranker;
}

/** ZREVRANGE commands that the servers have run. */
async function rankingsRead(): Promise<number> {
  const infos = await Promise.all(primariesOf(under.redis).map((server) => server.info("commandstats")));
  const stats = infos.map((info) => /^calls=(\d+)/.exec(parseInfo(info).get("cmdstat_zrevrange") ?? "")?.[1]);
  return stats.reduce((total, calls) => total + Number(calls ?? 0), 0);
}

async function costOf<T>(work: () => Promise<T>): Promise<{ result: T; read: number }> {
  const before = await rankingsRead();
  const result = await work();
  return { result, read: (await rankingsRead()) - before };
}

test.each([1, 4])("only shards that have changed are read again, with %d partitions", async (partitions) => {
  const ranker = await build(partitions);
  const readTop = () => ranker.boards.top("GLOBAL", "main", 5);
  const first = await readTop();
  expect(await costOf(readTop)).toEqual({ result: first, read: 0 });
  expect(await readTop()).toBe(first);
  await set(ranker, "EU-0", "EU", 100);
  const { result, read } = await costOf(readTop);
  expect([shownIn(result)[0], read]).toEqual(["EU-0 100", 1]);
  expect((await costOf(() => ranker.boards.top("NA", "main", 5))).read).toBe(0);
});

test("a shard without a clock is read for every top", async () => {
  const ranker = await build();
  await under.redis.del(clockKey({ region: "EU", partition: 0, tag: "EU" }));
  for (let i = 0; i < 2; i++) expect((await costOf(() => ranker.boards.top("EU", "main", 5))).read).toBe(1);
});

test("a ranking that changed without its clock is read again after a second", async () => {
  const ranker = await build();
  const eu = { region: "EU", partition: 0, tag: "EU" };
  let now = 1;
  const cache = createTopCache(() => now);
  const readGroupTop = createReadGroupTop(ranker.topology, cache);
  const place = {
    group: toGroup(() => under.redis, [eu]),
    board: rankedIn(configuredBoard("main"), 0),
    withDetails: false,
  };
  const readTotal = async () => (await readGroupTop(place, 1)).parts[0]?.total;
  expect(await readTotal()).toBe(4);
  await under.redis.zremrangebyrank(boardKey(eu, "main"), 0, 0);
  for (const [ms, total] of [
    [1_001, 4],
    [1_002, 3],
  ] as const) {
    now = ms;
    expect(await readTotal()).toBe(total);
  }
});

test("a top over regions without entries names the region that is missing at the time", async () => {
  const ranker = await under.build({ redisOf: (region) => (away.has(region) ? down : under.redis) });
  for (const region of ["EU", "NA"]) {
    away.clear();
    away.add(region);
    expect(await ranker.boards.top("GLOBAL", "main", 5, { allowsPartial: true })).toMatchObject({
      total: 0,
      missing_regions: [region],
    });
  }
});

test("the next top shows every write: scores, other boards of the shard, names, hiding, showing and erasing", async () => {
  const ranker = await build();
  const shown = async (view = "GLOBAL") => shownIn(await ranker.boards.top(view, "main", 3));
  expect(await shown()).toEqual(["NA-3 33", "EU-3 32", "ASIA-3 31"]);
  await set(ranker, "EU-3", "EU", 50);
  expect(await shown()).toEqual(["EU-3 50", "NA-3 33", "ASIA-3 31"]);
  await ranker.submit(player("NA-3", "NA"), { operation: "add", board: "main", value: 20 });
  expect(await shown()).toEqual(["NA-3 53", "EU-3 50", "ASIA-3 31"]);
  expect(await shown("NA")).toEqual(["NA-3 53", "NA-2 23", "NA-1 13"]);
  await ranker.submit({ ...player("EU-3"), name: "Renamed" }, { operation: "set", board: "main", value: 50 });
  expect((await ranker.boards.top("GLOBAL", "main", 3)).entries[1]).toMatchObject({ user_id: "EU-3", name: "Renamed" });
  await set(ranker, "EU-0", "EU", 5, "weekly");
  expect(shownIn(await ranker.boards.top("GLOBAL", "weekly", 3))).toEqual(["EU-0 5"]);
  await ranker.setVisibility(player("NA-3", "NA"), { hidden: true });
  expect(await shown()).toEqual(["EU-3 50", "ASIA-3 31", "GLOBAL-3 30"]);
  await ranker.setVisibility(player("NA-3", "NA"), { hidden: false });
  expect(await shown()).toEqual(["NA-3 53", "EU-3 50", "ASIA-3 31"]);
  await ranker.erasePlayer("EU-3");
  expect(await shown()).toEqual(["NA-3 53", "ASIA-3 31", "GLOBAL-3 30"]);
});

test("a cached top is not served once the entries have moved", async () => {
  const ranker = await build();
  const readTop = () => ranker.boards.top("EU", "main", 5);
  const first = await readTop();
  await under.redis.set(splitKey("EU"), "1>4 copying");
  expect(await readTop()).toBe(first);
  for (const split of ["1>4 moving", "4"]) {
    await under.redis.set(splitKey("EU"), split);
    await expect(readTop()).rejects.toMatchObject({ code: "region_unavailable" });
  }
});

test("a region that is away is missing although its top is cached, and is shown again when it is back", async () => {
  const ranker = await build();
  const whole = await ranker.boards.top("GLOBAL", "main", 2, { allowsPartial: true });
  expect(whole).toMatchObject({ missing_regions: [], total: 16 });
  away.add("NA");
  await expect(ranker.boards.top("GLOBAL", "main", 2)).rejects.toMatchObject({ code: "region_unavailable" });
  const part = await ranker.boards.top("GLOBAL", "main", 2, { allowsPartial: true });
  expect([shownIn(part), part.total, part.missing_regions]).toEqual([["EU-3 32", "ASIA-3 31"], 12, ["NA"]]);
  away.clear();
  expect(await ranker.boards.top("GLOBAL", "main", 2, { allowsPartial: true })).toEqual(whole);
  expect(await ranker.boards.top("GLOBAL", "main", 2)).not.toHaveProperty("missing_regions");
});

test("without writes, a top of any limit up to the largest is cut from what was read for that", async () => {
  const ranker = await build();
  const whole = await ranker.boards.top("GLOBAL", "main", 16);
  const limits = [1, 7, 16, 2, 16, 1_000, 5];
  const { result: tops, read } = await costOf(async () => {
    const found: BestView[] = [];
    for (const limit of limits) found.push(await ranker.boards.top("GLOBAL", "main", limit));
    return found;
  });
  expect(read).toBe(0);
  for (const [index, { total, entries }] of tops.entries()) {
    expect({ total, entries }).toEqual({ total: 16, entries: whole.entries.slice(0, limits[index]) });
  }
  expect(await ranker.boards.top("GLOBAL", "main", 7)).toBe(tops[1] as BestView);
});

test("a limit that was asked for once makes one later read larger, and no more", async () => {
  const ranker = await build();
  const cache = createTopCache(() => 1);
  const readGroupTop = createReadGroupTop(ranker.topology, cache);
  const group = toGroup(() => under.redis, [{ region: "EU", partition: 0, tag: "EU" }]);
  const place = { group, board: rankedIn(configuredBoard("main"), 0), withDetails: false };
  const readCount = async (limit: number) => (await readGroupTop(place, limit)).parts[0]?.entries.length;
  let value = 100;
  const write = () => set(ranker, "EU-0", "EU", value++);
  expect([await readCount(1), await readCount(3), await readCount(2)]).toEqual([1, 3, 3]);
  await write();
  expect([await readCount(1), await readCount(2)]).toEqual([3, 3]);
  await write();
  expect([await readCount(1), await readCount(1)]).toEqual([2, 2]);
  await write();
  expect(await readCount(1)).toBe(1);
});

test("tops of one turn and different limits are one call", async () => {
  const ranker = await build();
  const limits = [1, 3, 2, 40];
  let calls = 0;
  observeScripts(under.redis, () => void calls++);
  const tops = await Promise.all(limits.map((limit) => ranker.boards.top("GLOBAL", "main", limit)));
  expect(tops.map(({ entries }) => entries.length)).toEqual([1, 3, 2, 16]);
  expect(calls).toBe(isCluster(under.redis) ? REGIONS.length : 1);
});

test("tops of different lengths are each as long as asked, and an answer over HTTP is as fresh", async () => {
  const ranker = await build();
  const shown = async (limit: number) => {
    const response = await ranker.app.request(`/top?region=EU&limit=${limit}`);
    return shownIn((await response.json()) as BestView);
  };
  for (let i = 0; i < 2; i++) {
    expect(await shown(1)).toEqual(["EU-3 32"]);
    expect(await shown(2)).toEqual(["EU-3 32", "EU-2 22"]);
  }
  await set(ranker, "EU-2", "EU", 99);
  expect(await shown(1)).toEqual(["EU-2 99"]);
  expect(await shown(2)).toEqual(["EU-2 99", "EU-3 32"]);
});
