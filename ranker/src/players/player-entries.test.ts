import { afterAll, beforeAll, beforeEach, expect, spyOn, test } from "bun:test";
import type { PlayerRecord } from "shared/api/players";
import { entriesKey } from "shared/redis/keys";
import { flushAll } from "testing/whole-store";
import { boardNames, defineBoards, eu, putOnShard } from "../../test/player-on-boards.ts";
import { type Built, player, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build();
});
afterAll(() => under.close());

const ada = player("ada");
const made = boardNames(400);

beforeEach(async () => {
  await flushAll(under.redis);
  await defineBoards(under.redis, made);
  await putOnShard(under.redis, made);
});

async function ask(path: string, method = "GET", body?: object) {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await ranker.app.request(path, { method, headers, body: JSON.stringify(body) });
  return [answer.status, (await answer.json()) as PlayerRecord & { errors?: { field: string }[] }] as const;
}
const write = (board: string, as = ada) => ranker.submit(as, { operation: "set", board, value: 5 });

/** The boards of the answers to one walk. */
async function walk(query = ""): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor = ""; ; ) {
    const [, { entries, next }] = await ask(`/players/ada?${query}${cursor}`);
    pages.push(entries.map(({ board }) => board));
    if (next === null) return pages;
    cursor = `&cursor=${next}`;
  }
}

test("the entries of all boards come once, in the order of their ids, in pages of at most a hundred boards", async () => {
  const boards = ["main", "weekly", ...made.filter((_, n) => n % 2 === 1)];
  for (const board of boards) await write(board);
  const pages = await walk();
  expect(pages.map((page) => page.length)).toEqual([100, 100, 2]);
  expect(pages.flat()).toEqual(boards.toSorted());
  expect(await walk("limit=7")).toHaveLength(29);
});

test("a page that ends with the last entry has no next, and every region's entry of a board is on its page", async () => {
  for (const board of ["b-1", "b-2", "main"]) await write(board);
  await write("b-1", player("ada", "NA"));
  const [, all] = await ask("/players/ada?limit=3");
  expect([all.next, all.entries.map(({ board, region }) => `${board} ${region}`)]).toEqual([
    null,
    ["b-1 EU", "b-1 NA", "b-2 EU", "main EU"],
  ]);
  const [, first] = await ask("/players/ada?limit=1");
  expect([first.next, first.entries.map(({ region }) => region)]).toEqual(["b-1", ["EU", "NA"]]);
});

test("a later page says who the player is, and leaves the events to the first; behind the last entry it is empty", async () => {
  for (const board of ["b-1", "b-2"]) await write(board);
  await ask("/players/ada/hide", "POST", {});
  const [, first] = await ask("/players/ada?limit=1");
  expect([first.hidden, first.waiting.length > 0]).toEqual([true, true]);
  expect(await ask("/players/ada?limit=1&cursor=b-1")).toMatchObject([
    200,
    { user_id: "ada", hidden: true, entries: [{ board: "b-2" }], next: null, waiting: [], dead: [] },
  ]);
  expect(await ask("/players/ada?cursor=z")).toMatchObject([200, { hidden: true, entries: [], next: null }]);
});

test("a wrong cursor or limit is named", async () => {
  for (const [query, field] of [
    ["cursor=A!", "cursor"],
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["board=main", "board"],
  ]) {
    expect(await ask(`/players/ada?${query}`)).toMatchObject([400, { errors: [{ field }] }]);
  }
});

test("a player without an account is known by the last entry, on a board that is not configured", async () => {
  await write("b-7", player("ada", "NA"));
  await ranker.submit({ ...ada, name: "Ada L." }, { operation: "set", board: "b-399", value: 5 });
  expect(await ask("/players/ada/score", "POST", { operation: "add", value: 1 })).toMatchObject([
    200,
    { name: "Ada L.", region: "EU", score: 1 },
  ]);
});

test("no call reads more than a hundred boards", async () => {
  for (const board of made) await write(board);
  const spy = spyOn(under.redis, "evalsha");
  await walk();
  const keysOfCall = spy.mock.calls.map(([, keys]) => Number(keys));
  spy.mockRestore();
  expect(Math.max(...keysOfCall)).toBeLessThanOrEqual(3 + 100);
});

test("a record that cannot be read is left out", async () => {
  await write("b-1");
  await under.redis.hset(entriesKey(eu, "b-2"), "ada", "no record");
  expect((await walk()).flat()).toEqual(["b-1"]);
});
