import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { WrittenEntry } from "shared/api/entries";
import type { WrittenScores } from "shared/api/scores";
import { createTopology } from "shared/model/regions";
import { observeScripts } from "shared/redis/scripts/define-script";
import { flushAll } from "testing/whole-store";
import { type Built, player, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, setNextVersion } from "../../test/season-board.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  ranker = await under.build({ revocations: new Set() });
});

interface Asking {
  at?: Built;
  key?: string;
  boards?: readonly string[];
  path?: string;
}

/** Sends a body as the operator `game`. */
async function send(body: unknown, { at = ranker, key, boards, path = "/scores" }: Asking = {}): Promise<Response> {
  const token =
    boards === undefined
      ? await at.tokens.issueOperator({ name: "game" }, 60)
      : await at.tokens.issueListed({ name: "game", tokenId: "0000000000000001", role: "writer", boards }, 60);
  const headers: Record<string, string> = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return at.app.request(path, { method: "POST", headers, body: text });
}

async function submit(items: readonly object[], asking?: Asking) {
  const answer = await send({ items }, asking);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as WrittenScores).items;
}

const of = (user_id: string, fields: object = { score: 5 }) => ({ user_id, region: "EU", ...fields });
const scoreOf = async (userId: string, board = "main") =>
  ((await (await ranker.app.request(`/rank/${userId}?board=${board}`)).json()) as Partial<WrittenEntry>).score;

describe("one bad item of a bulk leaves the others as they are", () => {
  test("one bad item of 100: 99 stand, and the item has its code", async () => {
    const items = Array.from({ length: 100 }, (_, n) => of(`p${n}`, { score: n }));
    items[42] = of("p42", { score: 42, board: "nowhere" });
    const answers = await submit(items);
    expect(answers.map(({ status }, n) => [n, status])).toEqual(items.map((_, n) => [n, n === 42 ? 404 : 200]));
    expect(answers[42]).toMatchObject({ code: "board_not_found", detail: "There is no board nowhere." });
    expect(answers[99]).toMatchObject({ user_id: "p99", score: 99, changed: true, previous: null, region: "EU" });
    expect(await (await ranker.app.request("/top?limit=1")).json()).toMatchObject({ total: 99 });
  });

  test.each([
    ["no score", {}, ["items.1.score"]],
    ["a score that is a text", { score: "5" }, ["items.1.score"]],
    ["a score that a double would round", "9007199254740990.9", ["items.1.score"]],
    ["a fraction on a board of integers", { score: 1.5 }, ["items.1.score"]],
    ["an operation without a value", { operation: "add" }, ["items.1.value"]],
    ["a score and an operation", { score: 1, operation: "add", value: 1 }, ["items.1.score"]],
    ["a fraction to add", { operation: "add", value: 1.5 }, ["items.1.value"]],
    ["an unknown field", { score: 1, colour: "red" }, ["items.1.colour"]],
    ["an id that is none", { score: 1, user_id: "a b" }, ["items.1.user_id"]],
    ["a key with a space", { score: 1, idempotency_key: "k k" }, ["items.1.idempotency_key"]],
    ["metadata on a board without", { score: 1, metadata: { a: 1 } }, ["items.1.metadata"]],
    ["no region at the first write", { score: 1, region: undefined }, ["items.1.region"]],
    ["two faults", { score: "1", board: "A" }, ["items.1.board", "items.1.score"]],
  ])("an item with %s is a 400 that names it as the body has it", async (_, fields, expected) => {
    const bad = typeof fields === "string" ? of("bad", { score: "NUMBER" }) : of("bad", fields);
    const text = JSON.stringify({ items: [of("a"), bad, of("b")] });
    const answer = await send(typeof fields === "string" ? text.replace('"NUMBER"', fields) : text);
    const { items } = (await answer.json()) as WrittenScores;
    expect(items).toMatchObject([{ status: 200 }, { status: 400, code: "invalid_request" }, { status: 200 }]);
    const [, refused] = items as [unknown, { errors: { field: string }[]; detail: string }];
    expect(refused.errors.map(({ field }) => field)).toEqual(expected);
    for (const field of expected) expect(refused.detail).toContain(field);
  });

  test.each(["null", "5", '"text"', "[]", "[{}]"])("an item that is %s is refused alone", async (item) => {
    const answers = await submit([of("a"), JSON.parse(item), of("b")]);
    expect(answers).toMatchObject([
      { status: 200 },
      { status: 400, code: "invalid_request", errors: [{ field: "items.1" }] },
      { status: 200 },
    ]);
  });

  test.each([
    ["300,000 unknown fields", Array.from({ length: 300_000 }, (_, n) => `"${n.toString(36)}":0`).join(), 20],
    ["three unknown fields of almost 1 MiB each", ["a", "b", "c"].map((n) => `"${n.repeat(1e6)}":0`).join(), 3],
    ["metadata nested 500,000 deep", `"metadata":{"a":${"[".repeat(5e5)}${"]".repeat(5e5)}}`, 1],
    ["unknown metadata nested so deep", `"data":{"a":${"[".repeat(5e5)}${"]".repeat(5e5)}}`, 1],
  ])("an item with %s has an answer of a bounded size", async (_, fields, faults) => {
    const bad = `{"user_id":"bad","region":"EU","score":1,${fields}}`;
    const answer = await send(`{"items":[${JSON.stringify(of("a"))},${bad}]}`);
    const text = await answer.text();
    expect(text.length).toBeLessThan(8_000);
    const { items } = JSON.parse(text) as { items: [object, { errors: unknown[] }] };
    expect(items).toMatchObject([{ status: 200 }, { status: 400, code: "invalid_request" }]);
    expect(items[1].errors).toBeArrayOfSize(faults);
  });

  test("an item on a board that the token is not for", async () => {
    const items = [
      of("a", { score: 1, board: "weekly" }),
      of("a", { score: 2 }),
      of("b", { score: 3, board: "weekly" }),
    ];
    expect(await submit(items, { boards: ["weekly"] })).toMatchObject([
      { status: 200, score: 1 },
      { status: 403, code: "board_not_allowed" },
      { status: 200, score: 3 },
    ]);
    expect([await scoreOf("a"), await scoreOf("a", "weekly")]).toEqual([undefined, 1]);
  });

  test("items of a shard whose queue is full, and Retry-After says when to send them again", async () => {
    const full = await under.build({ queueMax: 2 });
    const items = [of("a"), of("b"), of("c"), of("n", { region: "NA", score: 1 })];
    const answer = await send({ items }, { at: full });
    expect(answer.headers.get("Retry-After")).toBe("1");
    expect(((await answer.json()) as WrittenScores).items).toMatchObject([
      { status: 200 },
      { status: 200 },
      { status: 429, code: "queue_full", retry_after: 1 },
      { status: 200 },
    ]);
  });
});

describe("items of one player", () => {
  test("one player twice: both are written in order, on one board and on several", async () => {
    const items = [
      of("ada", { score: 9 }),
      of("ada", { score: 1, board: "weekly" }),
      of("bob", { score: 5 }),
      of("ada", { operation: "add", value: 2 }),
      of("ada", { score: 4 }),
      of("ada", { operation: "create", value: 1 }),
      of("ada", { operation: "add", value: 1, board: "weekly" }),
    ];
    expect(await submit(items)).toMatchObject([
      { status: 200, score: 9, previous: null },
      { status: 200, score: 1 },
      { status: 200, score: 5 },
      { status: 200, score: 11, previous: { score: 9 } },
      { status: 200, score: 4, previous: { score: 11 } },
      { status: 409, code: "entry_exists" },
      { status: 200, score: 2, previous: { score: 1 } },
    ]);
  });

  test("200 of one player count up, in calls of 64", async () => {
    const items = Array.from({ length: 200 }, () => of("ada", { operation: "add", value: 1 }));
    await submit([of("bob")]); // the shard knows the board
    let calls = 0;
    observeScripts(under.redis, (name) => {
      if (name === "submit") calls++;
    });
    expect((await submit(items)).map((each) => "changed" in each && each.score)).toEqual(
      items.map((_, index) => index + 1),
    );
    expect(calls).toBe(4);
  });

  test("of which the queue takes the first: those behind are not written", async () => {
    const full = await under.build({ queueMax: 3 });
    const items = [1, 2, 3, 4, 5].map((score) => of("ada", { score }));
    expect((await submit(items, { at: full })).map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(await scoreOf("ada")).toBe(3);
  });

  test("over the end of a season are each of the season of their version, in their order", async () => {
    const ends = hoursFromNow(1);
    const fields = { operator: "add", operators: ["add"] };
    await defineSeasons(under.redis, { at: [hoursFromNow(-1), ends, hoursFromNow(2), hoursFromNow(3)], fields });
    await submit([of("ada", { score: 1, board: "cup" })]);
    await setNextVersion(under.redis, { region: "EU", partition: 0, tag: "EU" }, ends - 2);
    const answers = await submit([1, 1, 5, 5].map((score) => of("ada", { score, board: "cup" })));
    expect(answers).toMatchObject([
      { season: 1, score: 2 },
      { season: 1, score: 3 },
      { season: 2, score: 5 },
      { season: 2, score: 10 },
    ]);
  });

  test("behind one that may be sent again are not written, so that a repeat keeps their order", async () => {
    const full = await under.build({ queueMax: 1 });
    await submit([of("bob")]);
    const items = [of("ada", { score: 1 }), of("ada", { score: 2, board: "weekly" }), of("ada", { score: 3 })];
    const answers = await submit(items, { at: full });
    expect(answers).toMatchObject(items.map(() => ({ status: 429, code: "queue_full" })));
    expect(await submit(items)).toMatchObject(items.map(() => ({ status: 200 })));
    expect(await scoreOf("ada")).toBe(3);
  });
});

describe("keys", () => {
  const add = (fields: object = {}) => of("ada", { operation: "add", value: 5, ...fields });

  test("a repeat of the call under its key changes nothing, and answers as before", async () => {
    const items = [add(), of("bob"), add(), of("cid", { score: 1, board: "nowhere" })];
    const first = await submit(items, { key: "match" });
    const again = await submit(items, { key: "match" });
    expect(again.slice(0, 3)).toEqual(first.slice(0, 3).map((each) => ({ ...each, replayed: true }) as typeof each));
    expect(await scoreOf("ada")).toBe(10);
    await submit(items, { key: "another" });
    expect(await scoreOf("ada")).toBe(20);
  });

  test("an item's key comes before that of the call, and is the same as that of a single write", async () => {
    const [first] = await submit([{ ...of("ada", { score: 7 }), idempotency_key: "mine" }], { key: "match" });
    const single = await send(of("ada", { score: 7 }), { path: "/score", key: "mine" });
    expect(single.headers.get("Idempotent-Replayed")).toBe("true");
    expect({ status: 200, ...((await single.json()) as WrittenEntry) }).toEqual(first as never);
    const [again] = await submit([{ ...of("ada", { score: 7 }), idempotency_key: "mine" }]);
    expect(again).toEqual({ ...first, replayed: true } as never);
    const [conflict] = await submit([{ ...of("ada", { score: 8 }), idempotency_key: "mine" }]);
    expect(conflict).toMatchObject({ status: 409, code: "idempotency_conflict" });
  });

  test("a key of the longest form is no other key's with the place behind it", async () => {
    const key = "k".repeat(128);
    const items = Array.from({ length: 12 }, () => add());
    for (const _ of ["first", "again"]) await submit(items, { key });
    expect(await scoreOf("ada")).toBe(60);
    await submit([{ ...add(), idempotency_key: "k1" }], { key: "k" });
    await submit([add(), add()], { key: "k" });
    expect(await scoreOf("ada")).toBe(75);
  });

  test("a refusal that was kept comes again", async () => {
    await submit([of("ada")]);
    const items = [of("ada", { operation: "create", value: 1 })];
    await submit(items, { key: "k" });
    expect(await submit(items, { key: "k" })).toMatchObject([{ status: 409, code: "entry_exists", replayed: true }]);
  });
});

describe("a body", () => {
  test("of 200 items with 4,096 bytes of metadata each is taken, also escaped; numbers stay as spelled", async () => {
    const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const body = JSON.stringify({ metadata_bytes_max: 4096 });
    expect((await ranker.app.request("/boards/kept", { method: "PUT", headers, body })).status).toBe(201);
    // 2 bytes in UTF-8, and 6 in the form that ASCII alone takes.
    const text = "\u00e9".repeat((4096 - 20) / 2);
    const items = Array.from({ length: 200 }, (_, n) => {
      const ids = { user_id: `${n}`.padEnd(64, "x"), name: "N".repeat(100), idempotency_key: "k".repeat(128) };
      return { ...ids, region: "EU", score: n, board: "kept", metadata: { n: "N", t: text } };
    });
    const escaped = JSON.stringify({ items }).replaceAll("\u00e9", "\\u00e9").replaceAll('"n":"N"', '"n":1.50');
    expect(escaped.length).toBeGreaterThan(2_400_000);
    const answer = await send(escaped);
    expect(answer.status).toBe(200);
    const { items: written } = (await answer.json()) as WrittenScores;
    expect(new Set(written.map(({ status }) => status))).toEqual(new Set([200]));
    const top = await (await ranker.app.request("/top?board=kept&limit=1&with=metadata")).text();
    expect(top).toContain('"metadata":{"n":1.50,"t":"\u00e9');
  });

  test.each([
    ["201 items", { items: Array.from({ length: 201 }, () => of("a")) }, "items"],
    ["no items", { items: [] }, "items"],
    ["items that are no list", { items: of("a") }, "items"],
    ["no list", {}, "items"],
    ["an unknown field", { items: [of("a")], board: "main" }, "board"],
  ])("with %s is refused whole", async (_, body, field) => {
    const answer = await send(body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: "invalid_request", errors: [{ field }] }]);
    expect(await scoreOf("a")).toBe(undefined);
  });

  test("of more than 3 MiB is refused, and the refusal says the bound", async () => {
    const answer = await send(JSON.stringify({ items: [of("a")] }).padEnd(3 * 1024 * 1024 + 1));
    expect([answer.status, await answer.json()]).toMatchObject([413, { detail: expect.stringContaining("3145728") }]);
  });

  test("of a player is forbidden", async () => {
    const answer = await ranker.post("/scores", { items: [of("ada")] }, player("ada"));
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: "forbidden" }]);
  });
});

test("players of several shards and regions get the ranks over their regions", async () => {
  const split = await under.build({ topology: createTopology(["EU", "NA"], 4, ["main"]) });
  const items = Array.from({ length: 60 }, (_, n) => of(`p${n}`, { score: n, region: n % 2 === 0 ? "EU" : "NA" }));
  const answers = await submit(items, { at: split });
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  for (const [n, entry] of answers.entries()) {
    const read = await split.app.request(`/rank/p${n}?region=${n % 2 === 0 ? "EU" : "NA"}`);
    expect([n, await read.json()]).toMatchObject([n, { score: n, total: 30 }]);
    expect("rank" in entry && entry.rank).toBeNumber();
  }
});
