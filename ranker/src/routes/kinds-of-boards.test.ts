import { beforeEach, describe, expect, test } from "bun:test";
import type { AroundView, RankView, TopView } from "shared/api/boards";
import type { WrittenEntry } from "shared/api/entries";
import { boardKey, detailsKey, entriesKey, queueKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { player, startUnderTest } from "../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const ranker = await under.build();
const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
const shard = { region: "EU", partition: 0, tag: "EU" };
const [ada, bob, cy] = [player("ada"), player("bob"), player("cy")];
beforeEach(() => flushAll(under.redis));

const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
async function make(id: string, definition: object): Promise<void> {
  const body = JSON.stringify(definition);
  expect((await ranker.app.request(`/boards/${id}`, { method: "PUT", headers, body })).status).toBe(201);
}

interface Refused {
  code: string;
  errors?: { field: string; message: string }[];
  used?: number;
  max?: number;
  score?: number;
}
type Written = WrittenEntry & Refused;
async function write(body: string | object, as = ada, { route = "submit", key = "" } = {}): Promise<[number, Written]> {
  const more = key === "" ? {} : { "Idempotency-Key": key };
  const response = await ranker.post(`/score/${route}`, body, as, more);
  return [response.status, (await response.json()) as Written];
}
const events = async () => under.redis.llen(queueKey(shard));
const read = async <T>(path: string) => (await (await ranker.app.request(path)).json()) as T;
const scores = async (board: string, more = "") =>
  (await read<TopView>(`/top?region=EU&board=${board}${more}`)).entries.map(({ user_id, score }) => [user_id, score]);

describe("best", () => {
  test("keeps the better of (score, sub), and writes nothing for another", async () => {
    await make("sprint", { operator: "best", sub: "desc", metadata_bytes_max: 100 });
    const [, first] = await write({ score: 100, sub: 5, metadata: { car: "red" }, board: "sprint" });
    expect(first).toMatchObject({ score: 100, sub: 5, changed: true, previous: null, rank: 1 });
    const [before, waiting] = [await under.redis.hget(entriesKey(shard, "sprint"), "ada"), await events()];
    for (const [score, sub] of [
      [90, 50],
      [100, 4],
      [100, 5],
    ]) {
      const [status, worse] = await write({ score, sub, metadata: { car: "blue" }, board: "sprint" });
      expect([status, worse]).toMatchObject([
        200,
        { score: 100, sub: 5, changed: false, updated_at: first.updated_at },
      ]);
      expect(worse.previous).toEqual({ score: 100, rank: 1 });
    }
    expect([await under.redis.hget(entriesKey(shard, "sprint"), "ada"), await events()]).toEqual([before, waiting]);
    expect((await read<RankView>("/rank/ada?region=EU&board=sprint&with=metadata")).metadata).toEqual({ car: "red" });
    expect((await write({ score: 100, sub: 6, board: "sprint" }))[1]).toMatchObject({ sub: 6, changed: true });
  });

  test("12.75 with two decimals is stored and answered, 12.755 is refused by its field", async () => {
    await make("laps", { operator: "best", decimals: 2, order: "asc" });
    expect((await write({ score: 12.75, board: "laps" }))[1]).toMatchObject({ score: 12.75, changed: true });
    expect(await under.redis.zrange(boardKey(shard, "laps"), "0", "-1", "WITHSCORES")).toContain("-1275");
    for (const score of ["12.755", "12.7500000000000001", "1e15"]) {
      const [status, { code, errors }] = await write(`{"score":${score},"board":"laps"}`);
      expect([status, code, errors?.map(({ field }) => field)]).toEqual([400, "invalid_request", ["score"]]);
    }
    expect((await write({ score: 12.74, board: "laps" }))[1]).toMatchObject({ changed: true, score: 12.74 });
    expect((await write({ score: 13, board: "laps" }))[1]).toMatchObject({ changed: false, score: 12.74 });
    expect(await read<RankView>("/rank/ada?region=EU&board=laps")).toMatchObject({ rank: 1, score: 12.74 });
  });

  test("a repeat under a key gets the first answer, also one that wrote nothing", async () => {
    await make("sprint", { operator: "best" });
    await write({ score: 100, board: "sprint" });
    const worse = { score: 90, board: "sprint" };
    const [, first] = await write(worse, ada, { key: "k" });
    await write({ score: 200, board: "sprint" });
    expect((await write(worse, ada, { key: "k" }))[1]).toEqual(first);
    expect(first).toMatchObject({ score: 100, changed: false });
  });
});

describe("the lowest wins", () => {
  test("in ranks, windows and tops, and ties go to who came first", async () => {
    await make("golf", { order: "asc" });
    for (const [who, score] of [
      [ada, 70],
      [bob, -3],
      [cy, 70],
    ] as const) {
      await write({ score, board: "golf" }, who);
    }
    expect(await scores("golf")).toEqual([
      ["bob", -3],
      ["ada", 70],
      ["cy", 70],
    ]);
    const { self, around } = await read<AroundView>("/around/ada?region=EU&board=golf");
    expect([self.rank, around.map(({ user_id, rank }) => [user_id, rank])]).toEqual([
      2,
      [
        ["bob", 1],
        ["cy", 3],
      ],
    ]);
  });

  test("0 is never minus zero, and add adds", async () => {
    await make("golf", { order: "asc", operator: "add", operators: ["add", "set"] });
    expect((await write({ score: 5, board: "golf" }))[1].score).toBe(5);
    const [, back] = await write({ score: -5, board: "golf" });
    expect([Object.is(back.score, 0), back.previous]).toEqual([true, { score: 5, rank: 1 }]);
    expect(await under.redis.zrange(boardKey(shard, "golf"), "0", "-1", "WITHSCORES")).toContain("0");
  });
});

test("a missing score is 400, score 0 is one like others, and adding 0 keeps the place", async () => {
  await make("zero", { operator: "add", operators: ["add", "set"] });
  expect((await write({ board: "zero" }))[0]).toBe(400);
  expect((await write({ score: 0, board: "zero" }))[1]).toMatchObject({ score: 0, changed: true, rank: 1 });
  await write({ score: 0, board: "zero" }, bob);
  expect((await write({ score: 0, board: "zero" }))[1]).toMatchObject({ changed: false, rank: 1 });
});

describe("sub-scores", () => {
  test.each(["desc", "asc"] as const)("decide between equal scores, %s, before the arrival", async (sub) => {
    await make("quiz", { sub });
    for (const [who, seconds] of [
      [ada, 30],
      [bob, 10],
      [cy, 20],
    ] as const) {
      await write({ score: 7, sub: seconds, board: "quiz" }, who);
    }
    const order = ["bob", "cy", "ada"];
    const top = await read<TopView>("/top?region=EU&board=quiz");
    expect(top.entries.map(({ user_id }) => user_id)).toEqual(sub === "asc" ? order : order.toReversed());
    expect(top.entries.map((entry) => entry.sub).toSorted()).toEqual([10, 20, 30]);
    expect(await read<RankView>("/rank/cy?region=EU&board=quiz")).toMatchObject({ rank: 2, sub: 20 });
  });

  test("are added with the score, and are 0 where they are left out", async () => {
    await make("total", { operator: "add", sub: "desc" });
    expect((await write({ score: 1, board: "total" }))[1]).toMatchObject({ score: 1, sub: 0 });
    expect((await write({ score: 2, sub: 4, board: "total" }))[1]).toMatchObject({ score: 3, sub: 4 });
    const most = { score: 0, sub: Number.MAX_SAFE_INTEGER, board: "total" };
    expect((await write(most))[1].code).toBe("score_out_of_range");
  });

  test("on a board without them are refused by their field", async () => {
    const [status, { errors }] = await write({ score: 1, sub: 1 });
    expect([status, errors?.[0]?.field]).toEqual([400, "sub"]);
  });
});

describe("metadata", () => {
  test("absent stays, null clears, an object replaces, and numbers stay as they are spelled", async () => {
    await make("cars", { operator: "add", metadata_bytes_max: 60 });
    const metadataOf = async () => {
      const response = await ranker.app.request("/rank/ada?region=EU&board=cars&with=metadata");
      return /"metadata":(\{.*?\}|null)/.exec(await response.text())?.[1];
    };
    await write('{"score":1,"board":"cars","metadata":{ "id": 9007199254740993, "x": 0.10000000000000001 }}');
    expect(await metadataOf()).toBe('{"id":9007199254740993,"x":0.10000000000000001}');
    await write({ score: 1, board: "cars" });
    expect(await metadataOf()).toBe('{"id":9007199254740993,"x":0.10000000000000001}');
    await write({ score: 1, board: "cars", metadata: null });
    expect([await metadataOf(), await under.redis.exists(detailsKey(shard, "cars"))]).toEqual(["null", 0]);
    await write({ score: 1, board: "cars", metadata: { a: "ä" } });
    expect((await read<TopView>("/top?region=EU&board=cars&with=metadata")).entries[0]?.metadata).toEqual({ a: "ä" });
    expect((await read<TopView>("/top?region=EU&board=cars")).entries[0]).not.toHaveProperty("metadata");
  });

  test.each([
    [{ a: "ä".repeat(30) }, "at most 60 bytes"],
    [[], "must be a JSON object"],
    ["x", "must be a JSON object"],
  ])("%p is refused by its field", async (metadata, reason) => {
    await make("cars", { metadata_bytes_max: 60 });
    const [status, { errors }] = await write({ score: 1, board: "cars", metadata });
    expect([status, errors?.[0]?.field, errors?.[0]?.message]).toEqual([
      400,
      "metadata",
      expect.stringContaining(reason),
    ]);
    expect(await events()).toBe(0);
  });

  test("on a board that keeps none is refused", async () => {
    expect((await write({ score: 1, metadata: { a: 1 } }))[1].errors?.[0]?.field).toBe("metadata");
  });
});

describe("attempts", () => {
  test("the one too many is refused with used and max, and replays and refusals do not count", async () => {
    await make("daily", { operator: "best", operators: ["best", "create"], attempts_max: 2 });
    await write({ score: 5, board: "daily" }, ada, { key: "a" });
    await write({ score: 5, board: "daily" }, ada, { key: "a" });
    expect((await write({ initialScore: 5, board: "daily" }, ada, { route: "create" }))[1].code).toBe("entry_exists");
    expect((await write({ score: 4, board: "daily" }))[1]).toMatchObject({ score: 5, changed: false });
    const [status, { code, used, max }] = await write({ score: 9, board: "daily" }, ada, { key: "b" });
    expect([status, code, used, max]).toEqual([409, "attempts_exhausted", 2, 2]);
    expect((await write({ score: 9, board: "daily" }, ada, { key: "b" }))[1]).toMatchObject({ code, used, max });
    expect(await scores("daily")).toEqual([["ada", 5]]);
  });

  test("of two at once for the last one, one is refused", async () => {
    await make("daily", { attempts_max: 1 });
    const both = await Promise.all([1, 2].map((score) => write({ score, board: "daily" })));
    expect(both.map(([status]) => status).toSorted()).toEqual([200, 409]);
  });
});

describe("bounds", () => {
  test("are those of the resulting score, and the refusal has it", async () => {
    await make("laps", { order: "asc", decimals: 1, operator: "add", bounds: { min: 0, max: 10.5 } });
    expect((await write({ score: 10.5, board: "laps" }))[1].score).toBe(10.5);
    const [status, { code, score }] = await write({ score: 0.1, board: "laps" });
    expect([status, code, score]).toEqual([422, "score_out_of_bounds", 10.6]);
    expect((await write({ score: -10.6, board: "laps" }))[1]).toMatchObject({ code, score: -0.1 });
  });
});

test("a board that has ended is read, and a write leaves no trace", async () => {
  await make("cup", { season: { ends_at: "2100-01-01T01:00:00+01:00" } });
  expect((await read<{ season: unknown }>("/boards/cup")).season).toEqual({ ends_at: "2100-01-01T00:00:00.000000Z" });
  await write({ score: 5, board: "cup" });
  const before = await events();
  await under.redis.set("clock:{EU}", "4102444799999998");
  expect((await write({ score: 6, board: "cup" }))[1]).toMatchObject({ score: 6 });
  const [status, { code }] = await write({ score: 7, board: "cup" });
  expect([status, code, await events()]).toEqual([409, "board_ended", before + 1]);
  expect(await scores("cup")).toEqual([["ada", 6]]);
});

test("tiers follow the rank, the percentile or the score", async () => {
  const steps = [
    { id: "gold", upto: 1 },
    { id: "silver", upto: 2 },
    { id: "bronze", upto: 2.5 },
  ];
  await make("by-rank", { tiers: { by: "rank", steps: [{ id: "gold", upto: 1 }, { id: "rest" }] } });
  await make("by-percent", {
    tiers: {
      by: "percentile",
      steps: [
        { id: "gold", upto: 5 },
        { id: "silver", upto: 50 },
      ],
    },
  });
  await make("by-score", { order: "asc", decimals: 1, tiers: { by: "score", steps } });
  for (const board of ["by-rank", "by-percent", "by-score"]) {
    for (const [who, score] of [
      [ada, 3],
      [bob, 2],
      [cy, 1],
    ] as const) {
      await write({ score, board }, who);
    }
  }
  const tiers = async (board: string) =>
    (await read<TopView>(`/top?region=EU&board=${board}`)).entries.map(({ tier }) => tier);
  expect(await tiers("by-rank")).toEqual(["gold", "rest", "rest"]);
  expect(await tiers("by-percent")).toEqual(["gold", "silver", null]);
  expect(await tiers("by-score")).toEqual(["gold", "silver", null]);
  expect((await write({ score: 3, board: "by-rank" }, cy))[1]).toMatchObject({ tier: "rest", rank: 2 });
});

test("a repeat gets its answer from a board that takes such a write no more", async () => {
  await make("open", { operators: ["set", "add"], metadata_bytes_max: 100 });
  const added = [{ delta: 5, board: "open", metadata: { a: 1 } }, ada, { route: "add", key: "k" }] as const;
  const [, first] = await write(...added);
  for (const change of [{ operators: ["set"] }, { metadata_bytes_max: 0 }, { writers: "operators" }]) {
    const present = await read<{ rev: number }>("/boards/open");
    const sent = {
      method: "PATCH",
      headers: { ...headers, "If-Match": `"${present.rev}"` },
      body: JSON.stringify(change),
    };
    expect((await ranker.app.request("/boards/open", sent)).status).toBe(200);
    expect((await write(...added))[1]).toEqual(first);
    expect((await write(added[0], ada, { route: "add", key: `k-${present.rev}` }))[0]).toBe(403);
  }
  expect(await scores("open")).toEqual([["ada", 5]]);
});
