import { beforeEach, describe, expect, test } from "bun:test";
import { Problem } from "shared/api/problems";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import type { Connection } from "shared/redis/connection";
import { connectServer } from "shared/redis/connection";
import { boardKey, entriesKey, splitKey } from "shared/redis/keys";
import { awaitReady, type Redis } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { freePort } from "stack/free-port";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchRedis } from "testing/scratch";
import { until } from "testing/until";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest } from "../../../test/ranker-under-test.ts";

const PLAYERS = 60;
const ids = Array.from({ length: PLAYERS }, (_, n) => `p${n}`);
const log = createLog("test", "silent");

async function startServer(args: string[] = []) {
  const server = await scratchRedis(args);
  const redis: Connection = connectServer({ url: server.url, name: "test", log });
  await awaitReady(redis, 10_000);
  const dispose = async () => {
    redis.disconnect();
    await server.dispose();
  };
  return { redis, url: server.url, dispose };
}

const first = await forFile(startServer());
const under = await forFile(startUnderTest({ ...first, dispose: async () => {} }));
const second = await forFile(startServer());

const calls = new Map<Redis, number>();
for (const { redis } of [first, second])
  observeScripts(redis, () => void calls.set(redis, (calls.get(redis) ?? 0) + 1));
const callsOf = () => [first, second].map(({ redis }) => calls.get(redis) ?? 0);

beforeEach(async () => {
  await Promise.all([flushAll(first.redis), flushAll(second.redis)]);
});

/** Players of all regions, each behind the one before: by a point, unless scores are given. */
async function build(
  partitions: number,
  redisOf: (region: string) => Redis,
  scoreOf = (n: number) => -n,
): Promise<Built> {
  const topology = createTopology(REGIONS, partitions, ["main"]);
  await openFences(second.redis, topology);
  const ranker = await under.build({ topology, redisOf });
  for (const [n, id] of ids.entries()) {
    await ranker.submit(player(id, REGIONS[n % REGIONS.length]), {
      operation: "set",
      board: "main",
      value: scoreOf(n),
    });
  }
  calls.clear();
  return ranker;
}

function raise(error: Error): never {
  throw error;
}

const onOne = () => first.redis;
const onTwo = (region: string) => (region === "EU" || region === "NA" ? second.redis : first.redis);

describe.each([1, 4])("with %d partitions a region", (partitions) => {
  test("a rank, a player's neighbours and a top over all shards of one server are one call each", async () => {
    const { boards } = await build(partitions, onOne);
    expect(await boards.rank("GLOBAL", "main", "p7")).toMatchObject({ rank: 8, total: PLAYERS });
    expect(callsOf()).toEqual([1, 0]);
    expect(await boards.rank("GLOBAL", "main", "p7", { withDetails: true })).toMatchObject({ rank: 8, metadata: null });
    expect(callsOf()).toEqual([2, 0]);
    for (const [index, id] of ids.entries()) {
      const { self, around } = await boards.around("GLOBAL", "main", id, 20);
      const from = Math.max(0, Math.min(index - 20, PLAYERS - 41));
      const shown = ids.slice(from, from + 41).filter((each) => each !== id);
      expect([self.rank, ...around.map(({ user_id }) => user_id)]).toEqual([index + 1, ...shown]);
    }
    expect(callsOf()).toEqual([2 + PLAYERS, 0]);
    const { entries } = await boards.top("GLOBAL", "main", 30);
    expect(entries.map(({ user_id }) => user_id)).toEqual(ids.slice(0, 30));
    expect(callsOf()).toEqual([3 + PLAYERS, 0]);
  });

  test("shared ranks and the neighbours of a score cost as many calls, and a top in both modes one read", async () => {
    const shared = { ties: "shared" } as const;
    const { boards } = await build(partitions, onOne, (n) => -(n % 7));
    const better = (n: number) => 1 + ids.filter((_, other) => other % 7 < n % 7).length;
    expect(await boards.rank("GLOBAL", "main", "p9", shared)).toMatchObject({ rank: better(9), total: PLAYERS });
    expect((await boards.around("GLOBAL", "main", "p9", 5, shared)).self.rank).toBe(better(9));
    expect(await boards.aroundScore("GLOBAL", "main", { score: -3 }, 5, shared)).toMatchObject({
      would_be_rank: better(3),
    });
    expect(callsOf()).toEqual([3, 0]);
    const [arrival, same] = await Promise.all(
      [{}, shared].map((options) => boards.top("GLOBAL", "main", PLAYERS, options)),
    );
    expect(callsOf()).toEqual([4, 0]);
    expect(same?.entries.map(({ user_id }) => user_id)).toEqual(arrival?.entries.map(({ user_id }) => user_id));
    expect(same?.entries.map(({ user_id, rank }) => [user_id, rank])).toEqual(
      (same?.entries ?? []).map(({ user_id }) => [user_id, better(Number(user_id.slice(1)))]),
    );
    const apart = (await build(partitions, onTwo, (n) => -(n % 7))).boards;
    await apart.rank("GLOBAL", "main", "p9");
    calls.clear();
    expect(await apart.rank("GLOBAL", "main", "p9", shared)).toMatchObject({ rank: better(9) });
    expect(callsOf()).toEqual([1, 1]);
    const wide = await apart.around("GLOBAL", "main", "p9", 100, shared);
    expect([wide.self, ...wide.around].map(({ user_id, rank }) => [user_id, rank])).toEqual(
      [wide.self, ...wide.around].map(({ user_id }) => [user_id, better(Number(user_id.slice(1)))]),
    );
    expect(callsOf()).toEqual([2, 2]);
    expect((await apart.aroundScore("GLOBAL", "main", { score: -3 }, 100, shared)).would_be_rank).toBe(better(3));
    expect(callsOf()).toEqual([3, 3]);
  });

  test("of two servers the player's own one is asked once for a rank, the other once more until the home is known", async () => {
    const { boards } = await build(partitions, onTwo);
    for (const [index, id] of ids.entries()) {
      calls.clear();
      expect(await boards.rank("GLOBAL", "main", id)).toMatchObject({ rank: index + 1, total: PLAYERS });
      const isOnFirst = index % REGIONS.length < 2;
      expect(callsOf()).toEqual(isOnFirst ? [1, 2] : [2, 1]);
      calls.clear();
      expect(await boards.rank("GLOBAL", "main", id)).toMatchObject({ rank: index + 1, total: PLAYERS });
      expect(callsOf()).toEqual([1, 1]);
      const { around } = await boards.around("GLOBAL", "main", id, 3);
      const from = Math.max(0, Math.min(index - 3, PLAYERS - 7));
      const shown = ids.slice(from, from + 7).filter((each) => each !== id);
      expect(around.map(({ user_id }) => user_id)).toEqual(shown);
    }
  });

  test.each([
    ["one server", onOne],
    ["two servers", onTwo],
  ])("neighbours among many players of one score on %s are in the order of their arrival", async (_, redisOf) => {
    const { boards } = await build(partitions, redisOf, () => 7);
    for (const [index, id] of ids.entries()) {
      for (const range of [1, 3, 12]) {
        const { self, around } = await boards.around("GLOBAL", "main", id, range);
        const from = Math.max(0, Math.min(index - range, PLAYERS - 2 * range - 1));
        const shown = ids.slice(from, from + 2 * range + 1).filter((each) => each !== id);
        expect([self.rank, ...around.map(({ user_id }) => user_id)]).toEqual([index + 1, ...shown]);
      }
    }
  });

  test("a shard that moves takes its region out of a partial answer, and no other region of its server", async () => {
    const ranker = await build(partitions, onOne);
    const moving = ranker.topology.shards.findLast(({ region }) => region === "EU");
    await first.redis.set(splitKey(moving?.tag ?? ""), `${partitions}>9 moving`);
    const rest = ids.filter((_, n) => REGIONS[n % REGIONS.length] !== "EU");
    const partial = { allowsPartial: true };
    for (const [index, id] of rest.entries()) {
      expect(await ranker.boards.rank("GLOBAL", "main", id, partial)).toMatchObject({
        rank: index + 1,
        total: rest.length,
        missing_regions: ["EU"],
      });
      const { around } = await ranker.boards.around("GLOBAL", "main", id, 50, partial);
      expect(around.map(({ user_id }) => user_id)).toEqual(rest.filter((each) => each !== id));
    }
    const top = await ranker.boards.top("GLOBAL", "main", 100, partial);
    expect(top).toMatchObject({ total: rest.length, missing_regions: ["EU"] });
    expect(top.entries.map(({ user_id }) => user_id)).toEqual(rest);
    const refused = { code: "region_unavailable" };
    for (const id of ["p2", "nobody"]) {
      await expect(ranker.boards.rank("GLOBAL", "main", id, partial)).rejects.toMatchObject(refused);
    }
    await expect(ranker.boards.around("GLOBAL", "main", "p0", 3)).rejects.toMatchObject(refused);
  });
});

test("a cluster behind one address refuses keys of several slots once, and each shard is asked alone from then on", async () => {
  const node = await startServer(["--cluster-enabled", "yes", "--cluster-port", String(await freePort())]);
  try {
    await node.redis.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await until(async () => String(await node.redis.cluster("INFO")).includes("cluster_state:ok"));
    await openFences(node.redis, createTopology(REGIONS, 4, ["main"]));
    const { boards, topology } = await build(4, () => node.redis);
    expect(await boards.rank("GLOBAL", "main", "p7")).toMatchObject({ rank: 8, total: PLAYERS });
    let asked = 0;
    observeScripts(node.redis, () => void asked++);
    expect(await boards.top("GLOBAL", "main", 3)).toMatchObject({
      total: PLAYERS,
      entries: [{ user_id: "p0" }, {}, {}],
    });
    expect(asked).toBe(topology.shards.length);
    const { around } = await boards.around("GLOBAL", "main", "p7", 1);
    expect(around.map(({ user_id }) => user_id)).toEqual(["p6", "p8"]);
  } finally {
    await node.dispose();
  }
});

test("a region whose server was never there is missing, and the others of the view are read in one call", async () => {
  const notThere = new Problem("unavailable", "The ranking store of EU is not there.");
  const servers = new Map(REGIONS.map((region) => [region, first.redis]));
  const ranker = await build(1, (region) => servers.get(region) ?? raise(notThere));
  servers.delete("EU");
  calls.clear();
  const partial = { allowsPartial: true };
  expect(await ranker.boards.top("GLOBAL", "main", 3, partial)).toMatchObject({ total: 45, missing_regions: ["EU"] });
  expect(callsOf()).toEqual([1, 0]);
  expect(await ranker.boards.rank("GLOBAL", "main", "p0", partial)).toMatchObject({ rank: 1, total: 45 });
  for (const view of ["GLOBAL", "EU"]) {
    await expect(ranker.boards.rank(view, "main", "p0")).rejects.toMatchObject({ code: "region_unavailable" });
    await expect(ranker.boards.top(view, "main", 3)).rejects.toMatchObject({ code: "region_unavailable" });
    await expect(ranker.boards.around(view, "main", "p0", 3)).rejects.toMatchObject({ code: "region_unavailable" });
  }
  servers.set("EU", first.redis);
  expect(await ranker.boards.rank("GLOBAL", "main", "p2")).toMatchObject({ rank: 3, total: PLAYERS });
});

test("a player who has another home than the last known one is found there", async () => {
  const ranker = await build(1, onTwo);
  expect(await ranker.boards.rank("GLOBAL", "main", "p0")).toMatchObject({ region: "GLOBAL" });
  await ranker.erasePlayer("p0");
  await expect(ranker.boards.rank("GLOBAL", "main", "p0")).rejects.toMatchObject({ code: "not_ranked" });
  await ranker.submit(player("p0", "EU"), { operation: "set", board: "main", value: 7 });
  expect(await ranker.boards.rank("GLOBAL", "main", "p0")).toMatchObject({ region: "EU", rank: 1, total: PLAYERS });
});

test.each(["ASIA", "NA"])(
  "of two entries of one player the newer one counts, where %s has an older one",
  async (region) => {
    const { boards, topology } = await build(1, onOne);
    const [stray, eu] = [region, "EU"].map((name) => topology.shards.find((shard) => shard.region === name));
    if (stray === undefined || eu === undefined) throw new Error("no shards");
    const record = await first.redis.hget(entriesKey(eu, "main"), "p2");
    const older = (record ?? "").replace(/^(\d+) (\d+)/, (_, place) => `${place} 1`);
    await first.redis.hset(entriesKey(stray, "main"), "p2", older);
    await first.redis.zadd(boardKey(stray, "main"), 99, `${older.split(" ")[0]}p2`);
    expect(await boards.rank("GLOBAL", "main", "p2")).toMatchObject({ region: "EU", score: -2 });
    expect((await boards.around("GLOBAL", "main", "p2", 1)).self).toMatchObject({ region: "EU", score: -2 });
  },
);
