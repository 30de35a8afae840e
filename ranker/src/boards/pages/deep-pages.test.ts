import { beforeEach, describe, expect, test } from "bun:test";
import type { Ties } from "shared/api/fields";
import { configuredBoard } from "shared/model/board";
import { createTopology, type Shard, type Topology } from "shared/model/regions";
import { boardKey } from "shared/redis/keys";
import { isCluster, primariesOf, type Redis } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { parseInfo } from "testing/redis/server-cost";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { startUnderTest } from "../../../test/ranker-under-test.ts";
import { readPage, type SeededEntry, seedShard } from "../../../test/read-pages.ts";
import { rankedIn } from "../../seasons/ranked-board.ts";
import { createReadWindow } from "../around/read-window.ts";
import { createShardGroups } from "../groups/shard-groups.ts";
import { inOrder } from "../shard-entry.ts";
import { createReadPage } from "./read-page.ts";
import { createReadSamples } from "./read-samples.ts";

const under = await forFile(startUnderTest());
const second = await forFile(scratchRedisClient());
beforeEach(async () => {
  await Promise.all([flushAll(under.redis), flushAll(second.redis)]);
});

const calls = new Map<Redis, number>();
for (const { redis } of [under, second])
  observeScripts(redis, () => void calls.set(redis, (calls.get(redis) ?? 0) + 1));

const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];
const ENTRIES = 24_000;
const LIMIT = 20;
/** A sequence that looks random, the same in each run. */
const mixed = (n: number) => (Math.imul(n + 1, 2_654_435_761) >>> 0) / 2 ** 32;

/** Where the nth entry is, and its score. */
const spreads: Record<string, (n: number, shards: number) => { shard: number; score: number }> = {
  "at random": (n, shards) => ({ shard: n % shards, score: Math.floor(mixed(n) * 1e6) }),
  "with scores that do not overlap": (n, shards) => ({ shard: n % shards, score: (n % shards) * 1e6 + (n % 1_000) }),
  "of a single score": (n, shards) => ({ shard: n % shards, score: 7 }),
  "with most of them on one shard": (n, shards) => ({ shard: n % 50 === 0 ? (n / 50) % shards : 0, score: n }),
  "with far apart scores on each": (n, shards) => ({ shard: n % shards, score: 2 ** (n % 40) * ((n % shards) + 1) }),
  "of which one begins where the other ends": (n, shards) => ({
    shard: Math.floor((n * shards) / ENTRIES),
    score: -n,
  }),
};

const onTwo = (region: string) => (region === "EU" || region === "NA" ? second.redis : under.redis);

/** Seeds the shards. @returns the entries in rank order, with both their ranks */
async function seed(topology: Topology, redisOf: (region: string) => Redis, name: string): Promise<Seeded[]> {
  const { shards } = topology;
  const byShard = shards.map((): SeededEntry[] => []);
  const all: SeededEntry[] = [];
  for (let n = 0; n < ENTRIES; n++) {
    const { shard = 0, score = 0 } = spreads[name]?.(n, shards.length) ?? {};
    const entry = { userId: `p${n}`, score, reachedAt: 1_700_000_000_000_000 + Math.floor(mixed(n + 9) * 1e9) };
    byShard[shard]?.push(entry);
    all.push(entry);
  }
  await Promise.all(shards.map((shard, index) => seedShard(redisOf(shard.region), shard, byShard[index] ?? [])));
  const byId = (a: SeededEntry, b: SeededEntry) => (a.userId < b.userId ? 1 : -1);
  all.sort((a, b) => b.score - a.score || a.reachedAt - b.reachedAt || byId(a, b));
  const firsts = new Map<number, number>();
  for (const [index, { score }] of all.entries()) if (!firsts.has(score)) firsts.set(score, index);
  return all.map(({ userId, score }, index) => ({
    id: userId,
    arrival: 1 + index,
    shared: 1 + (firsts.get(score) ?? 0),
  }));
}

type Seeded = { id: string } & Record<Ties, number>;

const FROMS = [
  1,
  2,
  101,
  102,
  513,
  514,
  1_000,
  5_000,
  11_999,
  12_001,
  17_777,
  23_800,
  23_981,
  24_000,
  24_001,
  2 ** 31 - 1,
];

/** Commands that look for a place in a sorted set. */
async function searches(redis: Redis): Promise<number> {
  const infos = await Promise.all(primariesOf(redis).map((server) => server.info("commandstats")));
  return infos
    .flatMap((info) => [...parseInfo(info)].filter(([name]) => name === "cmdstat_zcount"))
    .reduce((total, [, text]) => total + Number(/^calls=(\d+)/.exec(text)?.[1]), 0);
}

// A node of a cluster takes no keys of several shards.
describe.skipIf(isCluster(under.redis)).each([1, 4])("on one server with %d partitions a region", (partitions) => {
  test.each(Object.keys(spreads))("a page of entries %s begins with its rank, after a few pivots", async (name) => {
    const topology = createTopology(REGIONS, partitions, ["main"]);
    const { boards } = await under.build({ topology });
    const sorted = await seed(topology, () => under.redis, name);
    const shards = topology.shards.length;
    let most = 0;
    for (const from of FROMS) {
      calls.clear();
      const before = await searches(under.redis);
      const { entries, total } = await readPage(boards, { limit: LIMIT, from, ties: "arrival" });
      // Two for each pivot and each of the other shards.
      most = Math.max(most, (await searches(under.redis)) - before);
      const shown = sorted.slice(from - 1, from - 1 + LIMIT);
      const ranksOf = (ties: Ties) => shown.map((each) => [each[ties], each.id]);
      expect([total, entries.map(({ rank, user_id }) => [rank, user_id])]).toEqual([ENTRIES, ranksOf("arrival")]);
      expect(calls.get(under.redis)).toBe(1);
      const page = await readPage(boards, { limit: LIMIT, from, ties: "shared" });
      expect(page.entries.map(({ rank, user_id }) => [rank, user_id])).toEqual(ranksOf("shared"));
    }
    const pivotsMax = name === "at random" ? 2 : 7;
    expect(most).toBeLessThanOrEqual(2 * (shards - 1) * pivotsMax);
  });
});

describe.each([1, 4])("on two servers with %d partitions a region", (partitions) => {
  test.each(Object.keys(spreads))("a page of entries %s begins with its rank, after two rounds", async (name) => {
    const topology = createTopology(REGIONS, partitions, ["main"]);
    await openFences(second.redis, topology);
    const { boards } = await under.build({ topology, redisOf: onTwo });
    const sorted = await seed(topology, onTwo, name);
    for (const from of FROMS) {
      calls.clear();
      const { entries, total } = await readPage(boards, { limit: LIMIT, from, ties: "arrival" });
      const shown = sorted.slice(from - 1, from - 1 + LIMIT);
      const ranksOf = (ties: Ties) => shown.map((each) => [each[ties], each.id]);
      expect([total, entries.map(({ rank, user_id }) => [rank, user_id])]).toEqual([ENTRIES, ranksOf("arrival")]);
      const groups = isCluster(under.redis) ? topology.shards.length / 2 : 1;
      // One of samples, unless the page is among the first, and the windows.
      const rounds = from <= 513 ? 1 : 2;
      expect(calls.get(second.redis)).toBe(rounds * groups);
      const page = await readPage(boards, { limit: LIMIT, from, ties: "shared" });
      expect(page.entries.map(({ rank, user_id }) => [rank, user_id])).toEqual(ranksOf("shared"));
    }
  });
});

describe("writes between the rounds", () => {
  /** Reads pages of two servers, with `between` behind each round of samples. */
  async function build(between: (round: number) => Promise<unknown>) {
    const topology = createTopology(REGIONS, 1, ["main"]);
    await openFences(second.redis, topology);
    await seed(topology, onTwo, "at random");
    const readSamples = createReadSamples(topology);
    let rounds = 0;
    const read = createReadPage(createReadWindow(topology), async (...asked) => {
      const found = await readSamples(...asked);
      if (asked[0].group.regions.includes("NA")) await between(++rounds);
      return found;
    });
    const board = rankedIn(configuredBoard("main"), 0);
    const question = {
      view: "GLOBAL",
      board,
      running: undefined,
      withDetails: false,
      allowsPartial: false,
      ties: "arrival" as const,
    };
    const groups = createShardGroups(topology, onTwo);
    const readFrom = (ahead: number) =>
      groups.over("GLOBAL", (all) => read(all, { ...question, start: { ahead }, limit: LIMIT }));
    const eu = topology.shards.find(({ region }) => region === "EU");
    if (eu === undefined) throw new Error("no shard");
    return { readFrom, eu, roundsRun: () => rounds };
  }
  let added = 0;
  const add = (shard: Shard, count: number) => {
    const entries = Array.from({ length: count }, () => ({ userId: `new${added++}`, score: 2e6, reachedAt: 1.7e15 }));
    return seedShard(second.redis, shard, entries);
  };
  /** All entries as they are now. */
  async function ids() {
    const topology = createTopology(REGIONS, 1, ["main"]);
    const parts = await Promise.all(
      topology.shards.map((shard) =>
        onTwo(shard.region)
          .zrevrange(boardKey(shard, "main"), 0, -1, "WITHSCORES")
          .then((found) =>
            Array.from({ length: found.length / 2 }, (_, n) => ({
              member: found[2 * n] ?? "",
              score: Number(found[2 * n + 1]),
            })),
          ),
      ),
    );
    return parts
      .flat()
      .sort(inOrder)
      .map(({ member }) => member.slice(16));
  }

  test.each([
    ["few", 20, 1],
    ["more than are read beyond the page", 300, 2],
  ])("%s make no rank wrong", async (_, count, tries) => {
    const site = await build(async (round) => {
      if (round === 1) await add(site.eu, count);
    });
    const { view } = await site.readFrom(12_000);
    const shown = (await ids()).slice(12_000, 12_000 + LIMIT).map((id, index) => [12_001 + index, id]);
    expect(view.entries.map(({ rank, user_id }) => [rank, user_id])).toEqual(shown);
    expect([view.total, site.roundsRun()]).toEqual([ENTRIES + count, tries]);
  });

  test("that go on and on end with a refusal, after a bounded number of rounds", async () => {
    const site = await build(() => add(site.eu, 900));
    await expect(site.readFrom(12_000)).rejects.toMatchObject({ code: "region_unavailable" });
    expect(site.roundsRun()).toBe(3);
  });
});
