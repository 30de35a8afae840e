import { beforeEach, describe, expect, test } from "bun:test";
import type { RankView, TopView } from "shared/api/boards";
import type { WrittenEntry } from "shared/api/entries";
import { parseRecord } from "shared/entries/records";
import { readScoreEvent } from "shared/model/events";
import { createTopology, shardOf } from "shared/model/regions";
import { answersKeys, detailsKey, entriesKey, queueKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest } from "../../test/ranker-under-test.ts";
import { toAnswerField } from "../writes/submit-script.ts";

const under = await forFile(startUnderTest());
const [ranker, other] = await Promise.all([under.build(), under.build()]);
const split = await under.build({ topology: createTopology(REGIONS, 16, ["main"]) });
const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
const shard = { region: "EU", partition: 0, tag: "EU" };
const [ada, bob] = [player("ada"), player("bob")];
beforeEach(() => flushAll(under.redis));

async function operate(method: string, path: string, body?: object, ifMatch?: number): Promise<Response> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  return ranker.app.request(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
}
async function make(id: string, definition: object): Promise<number> {
  const made = await operate("PUT", `/boards/${id}`, definition);
  expect(made.status).toBe(201);
  return ((await made.json()) as { rev: number }).rev;
}
type Written = WrittenEntry & { code?: string };
async function write(body: object, as = ada, { at = ranker, key = "" }: { at?: Built; key?: string } = {}) {
  const response = await at.post("/score/submit", body, as, key === "" ? {} : { "Idempotency-Key": key });
  return [response.status, (await response.json()) as Written] as const;
}
const read = async <T>(path: string, at = ranker) => (await (await at.app.request(path)).json()) as T;

/** The lowest wins, and every member of an event is there. */
const EVERYTHING = {
  order: "asc",
  operator: "best",
  decimals: 2,
  sub: "asc",
  metadata_bytes_max: 100,
  attempts_max: 9,
  tiers: { by: "percentile", steps: [{ id: "gold", upto: 50 }, { id: "rest" }] },
};

describe("a board of every kind", () => {
  beforeEach(async () => {
    await make("cup", EVERYTHING);
    await write({ score: 12.75, sub: 3, metadata: { car: "red", x: 1 }, board: "cup" });
    await write({ score: 13.5, sub: 1, board: "cup" }, bob);
  });
  const recordOf = async () => parseRecord((await under.redis.hget(entriesKey(shard, "cup"), "ada")) ?? "");
  const detailsOf = () => under.redis.hget(detailsKey(shard, "cup"), "ada");
  const lastEvent = async () => readScoreEvent((await under.redis.lindex(queueKey(shard), 0)) ?? "");
  const shown = { rank: 1, score: 12.75, sub: 3, tier: "gold", metadata: { car: "red", x: 1 } };
  const rankOfAda = () => read<RankView>("/rank/ada?region=EU&board=cup&with=metadata");

  test("keeps place, sub-score, attempts and metadata when a player is renamed, in the record and the event", async () => {
    const [before, details] = [await recordOf(), await detailsOf()];
    expect((await operate("POST", "/players/ada/rename", { name: 'Ada "2"' })).status).toBe(200);
    const after = await recordOf();
    expect(after).toEqual({ ...before, name: 'Ada "2"', updatedAt: after.updatedAt });
    expect(Number(after.updatedAt)).toBeGreaterThan(Number(before.updatedAt));
    expect(await detailsOf()).toBe(details);
    const event = JSON.parse((await under.redis.lindex(queueKey(shard), 0)) ?? "") as object;
    expect(event).toMatchObject({ name: 'Ada "2"', score: "1275", sort_key: "-1275", sub: "3", attempts: "1" });
    expect(event).toMatchObject({ sub_key: "9007199254740988", metadata: { car: "red", x: 1 } });
    expect(await rankOfAda()).toMatchObject({ ...shown, name: 'Ada "2"' });
  });

  test("keeps them while a player is hidden, whose writes go on, and ranks the player again as before", async () => {
    await operate("POST", "/players/ada/hide", {});
    expect((await operate("GET", "/players/ada")).status).toBe(200);
    const [status, entry] = await write({ score: 13, board: "cup" });
    expect([status, entry]).toMatchObject([200, { rank: null, tier: null, score: 12.75, sub: 3, changed: false }]);
    expect(entry.previous).toEqual({ score: 12.75, rank: null });
    expect(await lastEvent()).toMatchObject({ score: "1275", attempts: "2", metadata: '{"car":"red","x":1}' });
    await operate("POST", "/players/ada/unhide", {});
    expect(await rankOfAda()).toMatchObject(shown);
    expect(await detailsOf()).toBe('2 {"car":"red","x":1}');
  });

  test("loses the details with the entry of an erased player, whose next entry starts again", async () => {
    expect((await operate("DELETE", "/players/ada")).status).toBeOneOf([200, 204]);
    expect([await detailsOf(), await under.redis.hlen(detailsKey(shard, "cup"))]).toEqual([null, 1]);
    await write({ score: 20, board: "cup" });
    expect(await detailsOf()).toBe("1 ");
    const { entries } = await read<TopView>("/top?region=EU&board=cup&with=metadata");
    expect(entries.map(({ user_id, metadata, sub }) => [user_id, metadata, sub])).toEqual([
      ["bob", null, 1],
      ["ada", null, 0],
    ]);
  });

  test.each(["soon", "2"])("takes details such as %j for none, in writes and renames", async (text) => {
    await under.redis.hset(detailsKey(shard, "cup"), "ada", text);
    expect((await operate("POST", "/players/ada/rename", { name: "Ada L." })).status).toBe(200);
    expect(await lastEvent()).toMatchObject({ name: "Ada L.", score: "1275", sub: "3" });
    expect(await write({ score: 11, board: "cup" })).toMatchObject([200, { score: 11, changed: true }]);
    expect(await detailsOf()).toBe("1 ");
  });

  test("is in the record of a player with decimals, sub-score, metadata and attempts", async () => {
    const record = (await (await operate("GET", "/players/ada")).json()) as { entries: object[] };
    const { updated_at } = await rankOfAda();
    expect(record.entries).toEqual([
      {
        board: "cup",
        region: "EU",
        name: "Name of ada",
        score: 12.75,
        reached_at: updated_at,
        updated_at,
        sub: 3,
        attempts: 1,
        metadata: { car: "red", x: 1 },
      },
    ]);
  });
});

describe("a change of a definition", () => {
  test("narrowing the bounds removes no entry, and a worse try on such an entry is no fault", async () => {
    const rev = await make("laps", {
      operator: "best",
      operators: ["best", "set", "add"],
      bounds: { min: 0, max: 100 },
    });
    await write({ score: 90, board: "laps" });
    await write({ score: 10, board: "laps" }, bob);
    expect((await operate("PATCH", "/boards/laps", { bounds: { min: 20, max: 50 } }, rev)).status).toBe(200);
    const { entries } = await read<TopView>("/top?region=EU&board=laps");
    expect(entries.map(({ user_id, score }) => [user_id, score])).toEqual([
      ["ada", 90],
      ["bob", 10],
    ]);
    expect(await write({ score: 40, board: "laps" })).toMatchObject([200, { score: 90, changed: false, rank: 1 }]);
    expect(await write({ score: 95, board: "laps" })).toMatchObject([422, { code: "score_out_of_bounds" }]);
    expect(await write({ score: 30, board: "laps" }, bob)).toMatchObject([200, { score: 30, changed: true }]);
  });

  test("is what every ranker goes by after its answer: attempts, metadata, tiers", async () => {
    const rev = await make("daily", { attempts_max: 1 });
    expect((await write({ score: 1, board: "daily" }, ada, { at: other }))[0]).toBe(200);
    const tiers = { by: "rank", steps: [{ id: "all" }] };
    await operate("PATCH", "/boards/daily", { attempts_max: 2, metadata_bytes_max: 50, tiers }, rev);
    const more = { score: 2, metadata: { a: 1 }, board: "daily" };
    expect(await write(more, ada, { at: other })).toMatchObject([200, { score: 2, tier: "all" }]);
    expect(await write(more, ada, { at: other })).toMatchObject([409, { code: "attempts_exhausted" }]);
  });

  test("making the board again with another operator is refused and names the field", async () => {
    await make("sum", { operator: "add" });
    const again = await operate("PUT", "/boards/sum", { operator: "best" });
    expect([again.status, await again.json()]).toMatchObject([
      409,
      { code: "board_immutable", errors: [{ field: "operator" }] },
    ]);
  });
});

test("of attempts at once over two rankers, as many are taken as the board allows, and each counts", async () => {
  await make("daily", { operator: "add", attempts_max: 3 });
  const tries = Array.from({ length: 20 }, (_, n) =>
    write({ score: 1, board: "daily" }, ada, { at: n % 2 ? other : ranker }),
  );
  const answers = await Promise.all(tries);
  expect(answers.filter(([status]) => status === 200)).toHaveLength(3);
  expect(answers.filter(([status, { code }]) => status === 409 && code === "attempts_exhausted")).toHaveLength(17);
  expect(await read<RankView>("/rank/ada?region=EU&board=daily")).toMatchObject({ score: 3 });
});

describe("over sixteen partitions", () => {
  test("a repeat has the rank, the rank before and the tier of its first answer, after any writes between", async () => {
    await make("cup", { ...EVERYTHING, operator: "set" });
    const many = Array.from({ length: 9 }, (_, n) => player(`p${n}`));
    for (const [n, each] of many.entries()) await write({ score: n + 1, board: "cup" }, each, { at: split });
    await write({ score: 9.5, board: "cup" }, ada, { at: split });
    const body = { score: 3.5, sub: 2, board: "cup" };
    const [, first] = await write(body, ada, { at: split, key: "k" });
    expect(first).toMatchObject({ rank: 4, previous: { score: 9.5, rank: 10 }, tier: "gold", changed: true });
    for (const each of many) await write({ score: 0.01, board: "cup" }, each, { at: split });
    expect((await write(body, ada, { at: split, key: "k" }))[1]).toEqual(first);
    expect(await read<RankView>("/rank/ada?region=EU&board=cup", split)).toMatchObject({ rank: 10, tier: "rest" });
  });

  test("an answer that the release before kept is read, and sealed with the rank over all of them", async () => {
    const home = shardOf(split.topology, "EU", "ada");
    const add = (key: string) => split.submit(ada, { operation: "add", board: "main", value: 3, idempotencyKey: key });
    await split.submit(bob, { operation: "set", board: "main", value: 9 });
    const { entry } = await add("new");
    const [place, version] = ((await under.redis.hget(entriesKey(home, "main"), "ada")) ?? "").split(" ");
    const digest = new Bun.CryptoHasher("sha1").update("add:main:3").digest("hex").slice(0, 10);
    const [newer] = answersKeys(home, "ada");
    for (const [key, spelled] of [
      ["arrived", "-"],
      ["stayed", place],
    ]) {
      await under.redis.hset(newer, toAnswerField("", String(key)), `${digest} ok 3 ${version} ${spelled} 1 0`);
      const replayed = await add(String(key));
      // That release kept nothing of the entry before.
      expect(replayed).toEqual({ isReplay: true, entry: { ...entry, changed: true, previous: null } });
      expect(await under.redis.hget(newer, toAnswerField("", String(key)))).toBe(
        `${digest} ok 3 ${version} ${spelled} 2 1`,
      );
      expect(await add(String(key))).toEqual(replayed);
    }
    expect((await add("next")).entry.score).toBe(6);
  });
});
