import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { configuredBoard } from "shared/model/board";
import { createTopology, shardsOfView } from "shared/model/regions";
import { isCluster } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { rankedIn } from "../seasons/ranked-board.ts";
import { createReadWindow } from "./around/read-window.ts";
import { toPercentile } from "./entry-views.ts";
import { toGroup } from "./groups/shard-groups.ts";

let under: UnderTest;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

interface Modelled {
  userId: string;
  region: string;
  score: number;
  /** Place in the sequence of arrivals: each is later than the one before, on any shard. */
  arrival: number;
}

/** A leaderboard at its simplest: one array for each board, sorted when it is read. */
class Model {
  readonly entries = new Map<string, Modelled>();
  readonly hidden = new Set<string>();
  #arrivals = 0;

  write(board: string, userId: string, region: string, operation: "set" | "add", value: number): void {
    const key = `${board}/${userId}`;
    const old = this.entries.get(key);
    const score = operation === "add" ? (old?.score ?? 0) + value : value;
    if (old?.score !== score) this.entries.set(key, { userId, region, score, arrival: this.#arrivals++ });
  }

  view(board: string, region: string): Modelled[] {
    return [...this.entries]
      .filter(([key, entry]) => key.startsWith(`${board}/`) && (region === "GLOBAL" || entry.region === region))
      .map(([, entry]) => entry)
      .filter(({ userId }) => !this.hidden.has(userId))
      .sort((a, b) => b.score - a.score || a.arrival - b.arrival);
  }
}

/** `around` by its definition: the nearest neighbours, refilled at the ends of the board. */
function windowAround(sorted: Modelled[], index: number, range: number): Modelled[] {
  const others = sorted.filter((_, place) => place !== index);
  const first = Math.max(0, Math.min(index - range, others.length - 2 * range));
  return others.slice(first, first + 2 * range);
}

const aPlayer = fc.integer({ min: 0, max: 11 });
const operations = fc.array(
  fc.oneof(
    {
      arbitrary: fc.record({
        player: aPlayer,
        board: fc.constantFrom("main", "weekly"),
        operation: fc.constantFrom("set" as const, "add" as const),
        value: fc.integer({ min: -3, max: 3 }),
      }),
      weight: 3,
    },
    { arbitrary: fc.record({ player: aPlayer, hides: fc.boolean() }), weight: 1 },
  ),
  { minLength: 1, maxLength: 50 },
);

type Played = typeof operations extends fc.Arbitrary<infer T> ? T : never;

/** Every write is acknowledged with its score, also for a hidden player, whose rank is null. */
async function play(ranker: Built, model: Model, played: Played): Promise<void> {
  for (const act of played) {
    const identity = player(`player-${act.player}`, REGIONS[act.player % REGIONS.length]);
    const { userId, region } = identity;
    if ("hides" in act) {
      if (act.hides) model.hidden.add(userId);
      else model.hidden.delete(userId);
      const boards = [...model.entries.values()].filter((entry) => entry.userId === userId).length;
      expect(await ranker.setVisibility(identity, { hidden: act.hides })).toBe(boards);
      continue;
    }
    const { board, operation, value } = act;
    model.write(board, userId, region, operation, value);
    const { entry } = await ranker.submit(identity, { operation, board, value });
    const rank = model.hidden.has(userId) ? null : 1 + model.view(board, region).findIndex((e) => e.userId === userId);
    expect(entry).toMatchObject({ score: model.entries.get(`${board}/${userId}`)?.score, rank });
  }
}

async function expectLikeModel(ranker: Built, model: Model, board: string, view: string): Promise<void> {
  const sorted = model.view(board, view);
  const ids = sorted.map(({ userId }) => userId);
  for (const limit of [1, 3, 1000]) {
    const top = await ranker.boards.top(view, board, limit);
    expect(top).toMatchObject({ region: view, total: sorted.length });
    expect(top.entries.map(({ rank, user_id, score }) => [rank, user_id, score])).toEqual(
      sorted.slice(0, limit).map(({ userId, score }, index) => [index + 1, userId, score]),
    );
  }
  for (const [index, entry] of sorted.entries()) {
    const ranked = await ranker.boards.rank(view, board, entry.userId);
    expect(ranked).toMatchObject({ rank: index + 1, total: sorted.length, score: entry.score, region: entry.region });
    for (const range of [1, 4]) {
      const { self, around, total } = await ranker.boards.around(view, board, entry.userId, range);
      expect({ rank: self.rank, total }).toEqual({ rank: index + 1, total: sorted.length });
      expect(around.map(({ rank, user_id }) => [rank, user_id])).toEqual(
        windowAround(sorted, index, range).map(({ userId }) => [ids.indexOf(userId) + 1, userId]),
      );
    }
  }
}

async function expectUnranked(ranker: Built, board: string, userId: string): Promise<void> {
  const { boards } = ranker;
  await expect(boards.rank("GLOBAL", board, userId)).rejects.toMatchObject({ code: "not_ranked" });
  await expect(boards.around("GLOBAL", board, userId, 3)).rejects.toMatchObject({ code: "not_ranked" });
}

describe.each([1, 4])("with %d partitions a region", (partitions) => {
  test("every rank, top and around equals that of a sorted array, on each region and GLOBAL, with players hidden and shown", async () => {
    const ranker = await under.build({ topology: createTopology(REGIONS, partitions, ["main", "weekly"]) });
    await fc.assert(
      fc.asyncProperty(operations, async (played) => {
        await flushAll(under.redis);
        const model = new Model();
        await play(ranker, model, played);
        for (const board of ["main", "weekly"]) {
          for (const view of REGIONS) await expectLikeModel(ranker, model, board, view);
          for (const userId of model.hidden) await expectUnranked(ranker, board, userId);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

describe("around reads no more than it answers with:", () => {
  /** Fills a board whose players' scores follow their numbers. */
  async function fill(partitions: number, players: number) {
    const topology = createTopology(["EU"], partitions, ["main"]);
    const ranker = await under.build({ topology });
    for (let n = 0; n < players; n++) {
      await ranker.submit(player(`p${n}`), { operation: "set", board: "main", value: players - n });
    }
    const shards = shardsOfView(topology, "EU");
    return { ranker, topology, shards, ids: Array.from({ length: players }, (_, n) => `p${n}`) };
  }

  test.each([
    ["in the middle", "p20", 5, 5],
    ["near the top", "p1", 1, 9],
    ["at the bottom", "p39", 10, 0],
  ])("one shard is read once, and as many entries as are shown, %s", async (_, userId, above, below) => {
    const { ranker, topology, shards, ids } = await fill(1, 40);
    const [shard] = shards;
    if (shard === undefined) throw new Error("no shard");
    const size = { above: 5, below: 5, refills: true };
    const board = rankedIn(configuredBoard("main"), 0);
    const group = toGroup(() => under.redis, [shard]);
    const window = await createReadWindow(topology)(
      { group, board, withDetails: false, ties: "arrival", size },
      { userId },
    );
    expect([window.above.length, window.below.length]).toEqual([above, below]);
    let calls = 0;
    observeScripts(under.redis, () => void calls++);
    const { around } = await ranker.boards.around("EU", "main", userId, 5);
    expect(calls).toBe(1);
    const first = ids.indexOf(userId) - above;
    expect(around.map(({ user_id }) => user_id)).toEqual(ids.slice(first, first + 11).filter((id) => id !== userId));
  });

  test("each of many shards of a cluster is read once for about its share, shards that hold more twice; those of one server are one call; the answer is exact", async () => {
    const { ranker, shards, ids } = await fill(8, 120);
    let calls = 0;
    observeScripts(under.redis, () => void calls++);
    for (const [index, userId] of ids.entries()) {
      const { around } = await ranker.boards.around("EU", "main", userId, 20);
      const others = ids.filter((id) => id !== userId);
      const first = Math.max(0, Math.min(index - 20, others.length - 40));
      expect(around.map(({ user_id }) => user_id)).toEqual(others.slice(first, first + 40));
    }
    const inTheMiddle = ids.length * shards.length;
    if (isCluster(under.redis)) expect(calls).toBeWithin(inTheMiddle, 2 * inTheMiddle);
    else expect(calls).toBe(ids.length);
  });
});

test("entries of the same score and moment are ordered by user_id, bytewise descending, over shards too", async () => {
  const ranker = await under.build();
  const arrival = "0000000000000042";
  for (const [region, id] of [
    ["EU", "b"],
    ["NA", "a"],
    ["EU", "Z"],
    ["ASIA", "_"],
    ["NA", "b-"],
  ] as const) {
    await under.redis.zadd(`leaderboard:{${region}}`, 7, arrival + id);
    await under.redis.hset(`entries:{${region}}`, id, `${arrival} 1 7 Name of ${id}`);
  }
  const inOrder = ["b-", "b", "a", "_", "Z"];
  const { entries } = await ranker.boards.top("GLOBAL", "main", 10);
  expect(entries.map(({ user_id }) => user_id)).toEqual(inOrder);
  for (const [index, id] of inOrder.entries()) {
    expect(await ranker.boards.rank("GLOBAL", "main", id)).toMatchObject({ rank: index + 1 });
  }
});

test("scores at both ends of the range are exact", async () => {
  const ranker = await under.build();
  const scores = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1, 0, -Number.MAX_SAFE_INTEGER];
  for (const [index, value] of scores.entries()) {
    await ranker.submit(player(`p${index}`, REGIONS[index]), { operation: "set", board: "main", value });
  }
  const { entries } = await ranker.boards.top("GLOBAL", "main", 10);
  expect(entries.map(({ score }) => score)).toEqual(scores);
});

test("a player who is on no board of the view is not_ranked", async () => {
  const ranker = await under.build();
  await ranker.submit(player("ada", "EU"), { operation: "set", board: "main", value: 1 });
  await expect(ranker.boards.rank("NA", "main", "ada")).rejects.toMatchObject({ code: "not_ranked" });
  await expect(ranker.boards.rank("GLOBAL", "weekly", "ada")).rejects.toMatchObject({ code: "not_ranked" });
  await expect(ranker.boards.around("EU", "main", "bob", 5)).rejects.toMatchObject({ code: "not_ranked" });
});

test("an empty board is an empty top, not an error", async () => {
  const ranker = await under.build();
  expect(await ranker.boards.top("GLOBAL", "main", 10)).toEqual({ region: "GLOBAL", total: 0, entries: [] });
});

test.each([
  [1, 1, 100],
  [1, 3, 100],
  [2, 3, 66.67],
  [3, 3, 33.33],
  [1000, 1000, 0.1],
  // Only the first has 100, and the last has no 0.
  [1, 25_000, 100],
  [2, 25_000, 99.99],
  [3, 25_000, 99.99],
  [4, 25_000, 99.99],
  [5, 25_000, 99.98],
  [24_999, 25_000, 0.01],
  [25_000, 25_000, 0.01],
  [2, 2, 50],
  [2, 1_000_000_000, 99.99],
  [1_000_000_000, 1_000_000_000, 0.01],
])("rank %d of %d is percentile %d", (rank, total, percentile) => {
  expect(toPercentile(rank, total)).toBe(percentile);
});
