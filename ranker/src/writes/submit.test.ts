import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Problem } from "shared/api/problems";
import { putBoards } from "shared/boards/put-boards";
import { configuredBoard } from "shared/model/board";
import { createTopology, shardOf } from "shared/model/regions";
import {
  answersKeys,
  boardKey,
  clockKey,
  detailsKey,
  entriesKey,
  erasedKey,
  hiddenKey,
  legacyAnswerKey,
  queueKey,
  visibilityKey,
} from "shared/redis/keys";
import { observeScripts } from "shared/redis/scripts/define-script";
import { configure, flushAll, forgetScripts, keysOf } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import type { Submission } from "./submission.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const ada = player("ada");
const main = (operation: Submission["operation"], value: number, idempotencyKey?: string): Submission => ({
  operation,
  board: "main",
  value,
  idempotencyKey,
});

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build();
});
afterAll(() => under.close());
const shard = shardOf(createTopology(REGIONS, 1, ["main"]), "EU", "ada");
beforeEach(async () => {
  await flushAll(under.redis);
  await putBoards(under.redis, shard, ["main", "weekly"].map(configuredBoard));
});

/** Every key with its serialised value: two equal pictures are one state. */
async function picture(): Promise<Record<string, string>> {
  const keys = (await keysOf(under.redis, "*")).sort();
  const dumps = await Promise.all(keys.map((key) => under.redis.dumpBuffer(key)));
  return Object.fromEntries(keys.map((key, index) => [key, dumps[index]?.toString("hex") ?? ""]));
}

async function spoil(key: string): Promise<void> {
  await under.redis.del(key);
  await under.redis.sadd(key, "not what belongs here");
}

const codeOf = (error: unknown) => (error as Problem).code;

describe("one write", () => {
  test("set, add and create answer the entry with its rank in the home region", async () => {
    await ranker.submit(player("bob"), main("set", 50));
    expect((await ranker.submit(ada, main("create", 10))).entry).toMatchObject({
      rank: 2,
      user_id: "ada",
      name: "Name of ada",
      region: "EU",
      score: 10,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    expect((await ranker.submit(ada, main("add", 45))).entry).toMatchObject({ rank: 1, score: 55 });
    expect((await ranker.submit(ada, main("set", -3))).entry).toMatchObject({ rank: 2, score: -3 });
  });

  test("ranking, record, clock and queue change together", async () => {
    const { entry } = await ranker.submit(ada, main("set", 7));
    const { redis } = under;
    const [event = ""] = await redis.lrange("queue:scores:{EU}", 0, -1);
    const { updated_at: version, ...rest } = JSON.parse(event);
    expect(rest).toEqual({
      board: "main",
      user_id: "ada",
      name: "Name of ada",
      region: "EU",
      score: "7",
      reached_at: version,
    });
    expect(await redis.get("clock:{EU}")).toBe(version);
    const arrival = String(MAX - Number(version));
    expect(await redis.hget("entries:{EU}", "ada")).toBe(`${arrival} ${version} 7 Name of ada`);
    expect(await redis.zscore("leaderboard:{EU}", `${arrival}ada`)).toBe("7");
    expect(entry.updated_at).toBe(
      `${new Date(Number(version) / 1000).toISOString().slice(0, -1)}${version.slice(-3)}Z`,
    );
  });

  test("a second board keeps its own score and leaves the first one's alone", async () => {
    await ranker.submit(ada, main("set", 7));
    await ranker.submit(ada, { operation: "set", board: "weekly", value: 99 });
    expect(await ranker.boards.rank("EU", "main", "ada")).toMatchObject({ score: 7 });
    expect(await ranker.boards.rank("EU", "weekly", "ada")).toMatchObject({ score: 99 });
  });

  test("add on a missing entry starts at 0", async () => {
    expect((await ranker.submit(ada, main("add", -4))).entry.score).toBe(-4);
  });

  test("a player of GLOBAL is ranked over all shards at once", async () => {
    await ranker.submit(player("bob", "NA"), main("set", 9));
    const { entry } = await ranker.submit(player("eve", "GLOBAL"), main("set", 5));
    expect(entry.rank).toBe(2);
  });

  test("with partitions, the rank in the answer is the region's, not the partition's", async () => {
    const partitioned = await under.build({ topology: createTopology(REGIONS, 4, ["main"]) });
    const ids = Array.from({ length: 20 }, (_, index) => `player-${index}`);
    for (const [index, id] of ids.entries()) await partitioned.submit(player(id), main("set", 1000 - index));
    const { entry } = await partitioned.submit(player("player-19"), main("set", 1));
    expect(entry.rank).toBe(20);
  });

  test("versions grow on a shard although the clock of Redis stands behind the last one", async () => {
    const future = 9_000_000_000_000_000 - 5;
    await under.redis.set("clock:{EU}", future);
    const first = await ranker.submit(ada, main("set", 1));
    const second = await ranker.submit(ada, main("set", 2));
    expect(await under.redis.get("clock:{EU}")).toBe(String(future + 2));
    expect(second.entry.updated_at > first.entry.updated_at).toBe(true);
  });
});

describe("ties", () => {
  test("twenty equal scores stand in the order of their arrival, in top, rank and around", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `p${(index * 7) % 20}`);
    for (const id of ids) await ranker.submit(player(id), main("set", 100));
    const { entries } = await ranker.boards.top("EU", "main", 100);
    expect(entries.map(({ user_id }) => user_id)).toEqual(ids);
    for (const [index, id] of ids.entries()) {
      expect((await ranker.boards.rank("EU", "main", id)).rank).toBe(index + 1);
    }
    const { around } = await ranker.boards.around("EU", "main", ids[10] ?? "", 100);
    expect(around.map(({ user_id }) => user_id)).toEqual(ids.filter((_, index) => index !== 10));
  });

  test("a repeated equal score keeps its place in line", async () => {
    await ranker.submit(ada, main("set", 5));
    await ranker.submit(player("bob"), main("set", 5));
    expect((await ranker.submit(ada, main("set", 5))).entry.rank).toBe(1);
    expect((await ranker.submit(ada, main("add", 0))).entry.rank).toBe(1);
  });

  test("a score left and reached again is a new arrival", async () => {
    await ranker.submit(ada, main("set", 5));
    await ranker.submit(player("bob"), main("set", 5));
    await ranker.submit(ada, main("set", 6));
    expect((await ranker.submit(ada, main("set", 5))).entry.rank).toBe(2);
    expect(await under.redis.zcard("leaderboard:{EU}")).toBe(2);
  });
});

describe("a refused write changes nothing", () => {
  test("create is entry_exists for a player who has an entry", async () => {
    await ranker.submit(ada, main("set", 5));
    const before = await picture();
    await expect(ranker.submit(ada, main("create", 6))).rejects.toMatchObject({ code: "entry_exists" });
    expect(await picture()).toEqual(before);
  });

  test.each([
    [MAX, 1],
    [-MAX, -1],
    [MAX, MAX],
  ])("%d and %d more: score_out_of_range", async (score, delta) => {
    await ranker.submit(ada, main("set", score));
    const before = await picture();
    await expect(ranker.submit(ada, main("add", delta))).rejects.toMatchObject({ code: "score_out_of_range" });
    expect(await picture()).toEqual(before);
  });

  test("with QUEUE_MAX=100 the 101st event is queue_full, and service resumes when the queue is drained", async () => {
    const bounded = await under.build({ queueMax: 100 });
    for (let n = 1; n <= 100; n++) await bounded.submit(player(`p${n}`), main("set", n));
    const before = await picture();
    await expect(bounded.submit(player("p101"), main("set", 101))).rejects.toMatchObject({
      code: "queue_full",
      status: 429,
      headers: { "retry-after": "1" },
    });
    await expect(bounded.submit(player("p1"), main("add", 1, "key"))).rejects.toMatchObject({ code: "queue_full" });
    expect(await picture()).toEqual(before);
    await bounded.submit(player("elsewhere", "NA"), main("set", 1)); // a queue of its own
    await under.redis.ltrim("queue:scores:{EU}", 0, 98);
    expect((await bounded.submit(player("p1"), main("add", 1, "key"))).isReplay).toBe(false);
  });

  test.each([
    ["queue", queueKey(shard)],
    ["clock", clockKey(shard)],
    ["board", boardKey(shard, "main")],
    ["entries", entriesKey(shard, "main")],
    ["visibility", visibilityKey(shard)],
    ["newer answers", answersKeys(shard, "ada")[0]],
    ["older answers", answersKeys(shard, "ada")[1]],
    ["answer of release 0.1", legacyAnswerKey(shard, "ada", "key")],
    ["details", detailsKey(shard, "main")],
  ])("a wrong type at the %s key", async (_, key) => {
    await ranker.submit(ada, main("set", 5));
    await spoil(key);
    const before = await picture();
    expect(await ranker.submit(ada, main("add", 1, "key")).catch(codeOf)).toBe("internal");
    expect(await picture()).toEqual(before);
  });

  test.each([
    ["details, for a first entry", detailsKey(shard, "main")],
    ["hidden players, for one of them", hiddenKey(shard, "main")],
    ["board, for a hidden player", boardKey(shard, "main")],
  ])("a wrong type at the key of the %s", async (_, key) => {
    await ranker.setVisibility(ada, { hidden: key !== detailsKey(shard, "main") });
    await spoil(key);
    const before = await picture();
    expect(await ranker.submit(ada, main("add", 1, "key")).catch(codeOf)).toBe("internal");
    expect(await picture()).toEqual(before);
  });
});

describe("concurrency", () => {
  test("200 adds of 1 at once by one player end at exactly +200", async () => {
    await ranker.submit(ada, main("set", 1000));
    const answers = await Promise.all(Array.from({ length: 200 }, () => ranker.submit(ada, main("add", 1))));
    expect(await ranker.boards.rank("EU", "main", "ada")).toMatchObject({ score: 1200 });
    expect(new Set(answers.map(({ entry }) => entry.score)).size).toBe(200);
    expect(await under.redis.llen("queue:scores:{EU}")).toBe(201);
  });

  test("the same Idempotency-Key sent 50 times at once counts once, and all read the same answer", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ranker.submit(ada, main("add", 3, "k"))));
    expect(await ranker.boards.rank("EU", "main", "ada")).toMatchObject({ score: 3 });
    expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
    expect(new Set(answers.map(({ entry }) => JSON.stringify(entry))).size).toBe(1);
  });

  test("the same holds for a player of GLOBAL, whose rank is summed over shards after the write", async () => {
    const eve = player("eve", "GLOBAL");
    for (const region of REGIONS) await ranker.submit(player(`first-${region}`, region), main("set", 100));
    const answers = await Promise.all(Array.from({ length: 50 }, () => ranker.submit(eve, main("add", 3, "k"))));
    expect(new Set(answers.map(({ entry }) => JSON.stringify(entry))).size).toBe(1);
    expect(answers[0]?.entry).toMatchObject({ rank: 5, score: 3 });
  });
});

describe("writes of one turn go to Redis in one call:", () => {
  test("a hundred writes of a board take two calls, and versions and queue are in their order", async () => {
    let calls = 0;
    observeScripts(under.redis, (script) => {
      if (script === "submit") calls++;
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => ranker.submit(player(`p${n}`), main("set", n))),
    );
    expect(calls).toBe(2);
    const events = (await under.redis.lrange("queue:scores:{EU}", 0, 99)).reverse().map((each) => JSON.parse(each));
    expect(events.map(({ user_id }) => user_id)).toEqual(answers.map(({ entry }) => entry.user_id));
    const versions = events.map(({ updated_at }) => Number(updated_at));
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(await under.redis.get("clock:{EU}")).toBe(String(versions.at(-1)));
  });

  test("each write has its own answer, and sees the writes before it", async () => {
    const outcomes = await Promise.allSettled([
      ranker.submit(ada, main("set", 7)),
      ranker.submit(ada, main("create", 1)),
      ranker.submit(player("bob"), main("set", 9, "once")),
      ranker.submit(player("bob"), main("set", 9, "once")),
      ranker.submit(player("bob"), main("set", 10, "once")),
      ranker.submit(ada, main("add", MAX)),
      ranker.submit(ada, main("add", 3)),
      ranker.submit(ada, { operation: "set", board: "weekly", value: 5 }),
    ]);
    expect(
      outcomes.map((each) => (each.status === "fulfilled" ? each.value.entry.score : codeOf(each.reason))),
    ).toEqual([7, "entry_exists", 9, 9, "idempotency_conflict", "score_out_of_range", 10, 5]);
    expect(outcomes.map((each) => each.status === "fulfilled" && each.value.isReplay)[3]).toBe(true);
  });

  test("a write that Redis refuses is internal, and the others stand", async () => {
    await under.redis.lpush(erasedKey(shardOf(ranker.topology, "EU", "ada"), "ada"), "not a string");
    const [before, refused, after] = await Promise.allSettled([
      ranker.submit(player("bob"), main("set", 1)),
      ranker.submit(ada, main("set", 2)),
      ranker.submit(player("cat"), main("set", 3)),
    ]);
    expect([before?.status, after?.status]).toEqual(["fulfilled", "fulfilled"]);
    const { code, cause } = refused?.status === "rejected" ? (refused.reason as Problem) : ({} as Problem);
    expect([code, String(cause)]).toEqual(["internal", expect.stringContaining("WRONGTYPE")]);
    expect((await ranker.boards.top("EU", "main", 10)).entries.map(({ user_id }) => user_id)).toEqual(["cat", "bob"]);
    expect(await under.redis.llen("queue:scores:{EU}")).toBe(2);
  });

  test("the queue never takes more events than its bound", async () => {
    const { submit } = await under.build({ queueMax: 10 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 15 }, (_, n) => submit(player(`p${n}`), main("set", n))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(10).fill("fulfilled"),
      ...Array<string>(5).fill("rejected"),
    ] as (typeof outcomes)[number]["status"][]);
    expect(await under.redis.llen("queue:scores:{EU}")).toBe(10);
  });
});

describe("idempotency", () => {
  test("a replay repeats the first answer, also after later writes", async () => {
    const first = await ranker.submit(ada, main("add", 3, "k"));
    await ranker.submit(ada, main("set", 50));
    await ranker.submit(player("bob"), main("set", 70));
    expect(await ranker.submit(ada, main("add", 3, "k"))).toEqual({ entry: first.entry, isReplay: true });
    expect(await ranker.boards.rank("EU", "main", "ada")).toMatchObject({ score: 50 });
  });

  test.each([
    ["another value", { operation: "add", board: "main", value: 4 }],
    ["another operation", { operation: "set", board: "main", value: 3 }],
    ["another board", { operation: "add", board: "weekly", value: 3 }],
  ] as const)("the same key for %s is idempotency_conflict", async (_, other) => {
    await ranker.submit(ada, main("add", 3, "k"));
    const before = await picture();
    await expect(ranker.submit(ada, { ...other, idempotencyKey: "k" })).rejects.toMatchObject({
      code: "idempotency_conflict",
    });
    expect(await picture()).toEqual(before);
  });

  test("a refusal is replayed, too, although the write would now be taken", async () => {
    await ranker.submit(ada, main("set", MAX));
    await expect(ranker.submit(ada, main("add", 1, "k"))).rejects.toMatchObject({ code: "score_out_of_range" });
    await ranker.submit(ada, main("set", 0));
    await expect(ranker.submit(ada, main("add", 1, "k"))).rejects.toMatchObject({ code: "score_out_of_range" });
  });

  test("two players may use the same key", async () => {
    await ranker.submit(ada, main("add", 3, "k"));
    expect((await ranker.submit(player("bob"), main("add", 9, "k"))).isReplay).toBe(false);
  });

  const DAY = 24 * 3600;
  const [newer, older] = answersKeys(shard, "ada");

  test("an answer is kept for a day at least, and for two at most", async () => {
    const first = await ranker.submit(ada, main("add", 3, "k"));
    expect(await under.redis.ttl(newer)).toBeWithin(2 * DAY - 5, 2 * DAY + 1);
    await under.redis.expire(newer, DAY - 1); // as after a day
    await ranker.submit(ada, main("add", 3, "l"));
    expect(await under.redis.ttl(newer)).toBeWithin(2 * DAY - 5, 2 * DAY + 1);
    expect(await under.redis.ttl(older)).toBeWithin(DAY - 6, DAY);
    expect(await ranker.submit(ada, main("add", 3, "k"))).toEqual({ ...first, isReplay: true });
  });

  test("a player has at least a thousand kept answers, and at most two thousand: the oldest go", async () => {
    const write = (n: number) => ranker.submit(ada, main("add", 1, `key ${n}`));
    for (let n = 0; n < 2_500; n += 500) await Promise.all(Array.from({ length: 500 }, (_, i) => write(n + i)));
    expect((await under.redis.hlen(newer)) + (await under.redis.hlen(older))).toBeWithin(1_000, 2_001);
    expect((await write(1_500)).isReplay).toBe(true);
    expect((await write(0)).isReplay).toBe(false);
  });

  test("an answer costs no more than its digest and its numbers, however long the key is", async () => {
    await ranker.submit(ada, main("add", 3, "k".repeat(255)));
    const held = await under.redis.hgetall(newer);
    expect(Object.entries(held).every(([field, value]) => field.length === 22 && value.length <= 64)).toBe(true);
  });

  test("a later account with the same id never meets the answers of an earlier one", async () => {
    await ranker.submit({ ...ada, account: "1" }, main("add", 3, "k"));
    const later = await ranker.submit({ ...ada, account: "2" }, main("add", 9, "k"));
    expect(later).toMatchObject({ isReplay: false, entry: { score: 12 } });
  });

  test("an answer that release 0.1 kept is replayed, and is sealed with its rank", async () => {
    const { entry } = await ranker.submit(ada, main("add", 3, "k"));
    const [arrival, version] = (await under.redis.hget(entriesKey(shard, "main"), "ada"))?.split(" ") ?? [];
    await under.redis.del(newer);
    const legacy = legacyAnswerKey(shard, "ada", "k");
    await under.redis.set(legacy, `add:main:3 ok 3 ${version} ${arrival}ada 1 0`, "EX", DAY);
    expect(await ranker.submit(ada, main("add", 3, "k"))).toEqual({ entry, isReplay: true });
    await expect(ranker.submit(ada, main("add", 4, "k"))).rejects.toMatchObject({ code: "idempotency_conflict" });
    expect(await under.redis.ttl(legacy)).toBeWithin(DAY - 5, DAY + 1);
  });

  test("an answer that release 0.1 kept does not outlive an erasure of its player", async () => {
    await under.redis.set(legacyAnswerKey(shard, "ada", "k"), "add:main:3 ok 3 1 member 1 1", "EX", DAY);
    await ranker.erasePlayer("ada");
    expect(await ranker.submit(ada, main("add", 3, "k"))).toMatchObject({ isReplay: false, entry: { score: 3 } });
  });
});

test("at maxmemory a write is unavailable and changes nothing", async () => {
  await ranker.submit(ada, main("set", 5));
  const before = await picture();
  await configure(under.redis, "maxmemory", "1");
  try {
    await expect(ranker.submit(ada, main("add", 1))).rejects.toMatchObject({ code: "unavailable", status: 503 });
    expect(await ranker.boards.rank("EU", "main", "ada")).toMatchObject({ score: 5 });
  } finally {
    await configure(under.redis, "maxmemory", "0");
  }
  expect(await picture()).toEqual(before);
});

test("a script that Redis has forgotten is sent again", async () => {
  await ranker.submit(ada, main("set", 5));
  await forgetScripts(under.redis);
  expect((await ranker.submit(ada, main("add", 1))).entry.score).toBe(6);
});
