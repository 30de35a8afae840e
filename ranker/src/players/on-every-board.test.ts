import { afterAll, beforeAll, beforeEach, expect, spyOn, test } from "bun:test";
import { putBoards } from "shared/boards/put-boards";
import { createTopology } from "shared/model/regions";
import { boardKey, clockKey, entriesKey, erasedKey, hiddenKey, queueKey, splitKey } from "shared/redis/keys";
import { primariesOf } from "shared/redis/redis";
import { flushAll } from "testing/whole-store";
import { betweenPages, boardNames, defineBoards, eu, putOnShard, readStanding } from "../../test/player-on-boards.ts";
import { type Built, player, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build();
});
afterAll(() => under.close());

const [ada, bob] = [player("ada"), player("bob")];
/** Boards of the first page and of later ones. */
const BOARDS = ["main", "weekly", ...boardNames(250)];

const write = async (as: typeof ada, board: string, value: number, operation: "set" | "add" | "create" = "set") =>
  (await ranker.submit(as, { operation, board, value })).entry;
const hide = () => ranker.setVisibility(ada, { hidden: true });
const unhide = () => ranker.setVisibility(ada, { hidden: false });
async function operate(method: string, path: string, body?: object) {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await ranker.app.request(path, { method, headers, body: JSON.stringify(body) });
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
}
const rename = (name: string) => operate("POST", "/players/ada/rename", { name });

const standing = (boards: readonly string[] = BOARDS) => readStanding(under.redis, "ada", boards);
const between = (something: () => Promise<unknown>) => betweenPages(under.redis, something);
const define = (...boards: string[]) => defineBoards(under.redis, boards);
const put = async (...boards: string[]) => {
  await define(...boards);
  await putOnShard(under.redis, boards);
};
const brokeOff = () => Promise.reject(new Error("Connection is closed."));

beforeEach(async () => {
  await flushAll(under.redis);
  await put(...BOARDS);
  for (const board of BOARDS) await write(ada, board, 5);
});

test("is hidden from all, shown on all, renamed on all and erased from all, with one number for each act", async () => {
  expect(await hide()).toBe(252);
  expect(await standing()).toMatchObject({ shown: 0, hidden: 252, scores: [5] });
  expect((await rename("Player 7"))[1]).toEqual({ user_id: "ada", name: "Player 7", boards: 252 });
  expect(await unhide()).toBe(252);
  expect(await standing()).toMatchObject({ shown: 252, hidden: 0, scores: [5], names: ["Player 7"] });
  expect(await ranker.erasePlayer("ada")).toEqual({ entries: 252, account: false });
  expect(await standing()).toMatchObject({ shown: 0, hidden: 0, names: [] });
});

test("leaves one event of a hide and of an erasure, and one of a rename with one for each entry", async () => {
  const queued = async (act: () => Promise<unknown>) => {
    await under.redis.del(queueKey(eu));
    await act();
    return (await under.redis.lrange(queueKey(eu), 0, -1)).reverse().map((event) => JSON.parse(event));
  };
  expect(await queued(hide)).toMatchObject([{ hidden: true }]);
  const [name, ...entries] = await queued(() => rename("Player 7"));
  expect(name).toMatchObject({ hidden: true, name: "Player 7" });
  expect(entries.map(({ board }) => board).toSorted()).toEqual(BOARDS.toSorted());
  expect(new Set(entries.map((event) => `${event.score} ${event.name}`))).toEqual(new Set(["5 Player 7"]));
  expect(new Set(entries.map((event) => event.updated_at)).size).toBe(252);
  expect(await queued(() => ranker.erasePlayer("ada"))).toMatchObject([{ erased: true }]);
});

test("a rename leaves a board that is being deleted as it is, and queues nothing behind its deletion", async () => {
  await putBoards(under.redis, eu, [{ id: "b-249", rev: 2, state: "deleting", born: 0 }]);
  await under.redis.del(queueKey(eu));
  expect((await rename("Player 7"))[1]).toMatchObject({ boards: 251 });
  const events = await under.redis.lrange(queueKey(eu), 0, -1);
  expect([events.length, events.filter((event) => JSON.parse(event).board === "b-249")]).toEqual([252, []]);
  expect((await standing()).names).toEqual(["Name of ada", "Player 7"]);
});

test("each later page that changes a ranking raises the clock, so that no cached top shows the player", async () => {
  for (const board of BOARDS) await write(bob, board, 1);
  const shown = async (board: string) =>
    (await ranker.boards.top("EU", board, 10)).entries.map(({ user_id }) => user_id);
  for (const board of BOARDS) await shown(board);
  between(async () => {
    for (const board of BOARDS) await shown(board);
  });
  await hide();
  for (const board of BOARDS) expect(await shown(board)).toEqual(["bob"]);
  between(async () => {
    for (const board of BOARDS) await shown(board);
  });
  await ranker.setVisibility(ada, { hidden: false });
  for (const board of BOARDS) expect(await shown(board)).toEqual(["ada", "bob"]);
});

test("acts that broke off between two pages say so, and a repeat completes them", async () => {
  between(brokeOff);
  await expect(hide()).rejects.toMatchObject({ code: "outcome_unknown" });
  const { shown, hidden } = await standing();
  expect([shown > 0, hidden > 0]).toEqual([true, true]);
  expect(await hide()).toBe(252);
  expect(await standing()).toMatchObject({ shown: 0, hidden: 252 });

  between(brokeOff);
  expect(await rename("Player 7")).toMatchObject([503, { code: "outcome_unknown" }]);
  expect((await standing()).names).toEqual(["Name of ada", "Player 7"]);
  await rename("Player 7");
  expect((await standing()).names).toEqual(["Player 7"]);

  between(brokeOff);
  await expect(ranker.erasePlayer("ada")).rejects.toMatchObject({ code: "outcome_unknown" });
  expect((await standing()).hidden).toBe(250);
  expect(await ranker.erasePlayer("ada")).toEqual({ entries: 250, account: false });
  expect(await standing()).toMatchObject({ shown: 0, hidden: 0, names: [] });
});

test("an act that meets another split on a later page says that it is done in part, in the only region, too", async () => {
  const alone = await under.build({ topology: createTopology(["EU"], 1, ["main", "weekly"]) });
  const acts = [() => alone.setVisibility(ada, { hidden: true }), () => alone.erasePlayer("ada")];
  for (const act of acts) {
    between(() => under.redis.set(splitKey("EU"), "1>4 copying"));
    await expect(act()).rejects.toMatchObject({ code: "outcome_unknown" });
    await under.redis.del(splitKey("EU"));
    await act();
  }
  expect(await standing()).toMatchObject({ shown: 0, hidden: 0 });
});

test("no call of an act takes the keys of more than a hundred boards", async () => {
  await flushAll(under.redis);
  const boards = boardNames(1_234);
  await put(...boards);
  for (const board of boards.slice(0, 300)) await write(ada, board, 5);
  const spies = primariesOf(under.redis).map((server) => spyOn(server, "evalsha"));
  for (const [act, sum] of [
    [hide, 300],
    [unhide, 300],
    [async () => (await rename("Player 7"))[1].boards, 300],
    [async () => (await ranker.erasePlayer("ada")).entries, 300],
  ] as const) {
    expect(await act()).toBe(sum);
  }
  const keysOfCall = spies.flatMap((spy) => spy.mock.calls.map(([, keys]) => Number(keys)));
  for (const spy of spies) spy.mockRestore();
  expect(keysOfCall.length).toBeGreaterThan(4 * 13);
  expect(Math.max(...keysOfCall)).toBeLessThanOrEqual(8 + 4 * 100);
});

test("an erasure whose mark is gone takes no entry of a later page", async () => {
  await flushAll(under.redis);
  await put(...BOARDS);
  for (const board of BOARDS) await write(ada, board, 5);
  const clock = async () => Number(await under.redis.get(clockKey(eu)));
  let before = 0;
  between(async () => {
    await under.redis.del(erasedKey(eu, "ada"));
    before = await clock();
  });
  expect((await ranker.erasePlayer("ada")).entries).toBe(2);
  expect(await under.redis.hexists(entriesKey(eu, "b-1"), "ada")).toBe(1);
  expect([await clock(), await under.redis.exists(boardKey(eu, "main"), hiddenKey(eu, "main"))]).toEqual([before, 0]);
});
