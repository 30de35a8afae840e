import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { parseVisibility } from "shared/model/visibility";
import { visibilityKey } from "shared/redis/keys";
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
beforeEach(async () => {
  await flushAll(under.redis);
  await put(...BOARDS);
  for (const board of BOARDS) await write(ada, board, 5);
});

test("writes on a later page during a hide count from the score, and end among the hidden", async () => {
  between(async () => {
    expect(await write(ada, "b-249", 2, "add")).toMatchObject({ score: 7, rank: null });
    expect(await write(ada, "b-248", 5, "set")).toMatchObject({ score: 5, rank: null });
    await expect(write(ada, "b-247", 1, "create")).rejects.toMatchObject({ code: "entry_exists" });
    await define("late");
    expect(await write(ada, "late", 9, "create")).toMatchObject({ rank: null });
  });
  expect(await hide()).toBe(253);
  expect(await standing([...BOARDS, "late"])).toMatchObject({ shown: 0, hidden: 253, scores: [5, 7, 9] });
  between(async () => {
    expect(await write(ada, "b-249", 1, "add")).toMatchObject({ score: 8, rank: 1 });
    expect(await write(ada, "b-248", 5, "set")).toMatchObject({ score: 5, rank: 1 });
  });
  expect(await unhide()).toBe(253);
  expect(await standing([...BOARDS, "late"])).toMatchObject({ shown: 253, hidden: 0, scores: [5, 8, 9] });
});

test("an equal score during a hide keeps its place in line", async () => {
  await write(bob, "b-249", 5);
  between(() => write(ada, "b-249", 5));
  await hide();
  await unhide();
  expect((await ranker.boards.rank("EU", "b-249", "ada")).rank).toBe(1);
});

test("writes on a later page during a rename have the new name", async () => {
  between(async () => {
    expect(await write(ada, "b-249", 7)).toMatchObject({ name: "Player 7" });
    await define("late");
    await write(ada, "late", 9);
  });
  expect((await rename("Player 7"))[1]).toMatchObject({ boards: 253 });
  expect(await standing([...BOARDS, "late"])).toMatchObject({ names: ["Player 7"], scores: [5, 7, 9] });
});

test("during an erasure a player without an account starts again on a later page, and the new entry stays", async () => {
  await hide();
  between(async () => {
    expect(await write(ada, "b-249", 2, "add")).toMatchObject({ score: 2, rank: 1 });
    expect(await write(ada, "b-248", 3, "create")).toMatchObject({ score: 3, rank: 1 });
    await define("late");
    await write(ada, "late", 9);
  });
  expect(await ranker.erasePlayer("ada")).toEqual({ entries: 250, account: false });
  expect(await standing([...BOARDS, "late"])).toMatchObject({ shown: 3, hidden: 0, scores: [2, 3, 9] });
});

test("during an erasure an account writes no more, on any board", async () => {
  await ranker.erasePlayer("ada");
  const account = { user_id: "ada", name: "Ada", region: "EU" };
  const { token } = (await (await ranker.post("/auth/register", account)).json()) as { token: string };
  const registered = await ranker.tokens.verify(token);
  for (const board of BOARDS) await write(registered, board, 5);
  between(async () => {
    await define("late");
    for (const board of ["main", "b-249", "late"]) {
      await expect(write(registered, board, 7)).rejects.toMatchObject({ code: "invalid_token" });
    }
  });
  expect(await ranker.erasePlayer("ada")).toEqual({ entries: 252, account: true });
  expect(await standing([...BOARDS, "late"])).toMatchObject({ shown: 0, hidden: 0 });
});

test("hidden and shown by two operators at the same time, ends in the later state on all boards", async () => {
  between(unhide);
  await hide();
  expect(await standing()).toMatchObject({ shown: 252, hidden: 0, scores: [5] });
  await hide();
  between(hide);
  await unhide();
  expect(await standing()).toMatchObject({ shown: 0, hidden: 252, scores: [5] });
  await Promise.all([hide(), unhide(), hide(), unhide(), hide(), unhide()]);
  const state = parseVisibility((await under.redis.hget(visibilityKey(eu), "ada")) ?? "");
  const [shown, hidden] = state?.isHidden ? [0, 252] : [252, 0];
  expect(await standing()).toMatchObject({ shown, hidden, scores: [5] });
});

test("renamed by two operators at the same time, ends with the later name on all boards", async () => {
  between(() => rename("Later"));
  await rename("Earlier");
  expect((await standing()).names).toEqual(["Later"]);
});

test("renamed during a hide, is hidden and renamed on all boards", async () => {
  between(() => rename("Player 7"));
  expect(await hide()).toBe(252);
  expect(await standing()).toMatchObject({ shown: 0, hidden: 252, names: ["Player 7"] });
});

test("erased during a hide or a rename, is not found, and comes back on no board", async () => {
  between(() => ranker.erasePlayer("ada"));
  await expect(hide()).rejects.toMatchObject({ code: "not_found" });
  expect(await standing()).toMatchObject({ shown: 0, hidden: 0, names: [] });
  for (const board of BOARDS) await write(ada, board, 5);
  between(() => ranker.erasePlayer("ada"));
  expect(await rename("Player 7")).toMatchObject([404, { code: "not_found" }]);
  expect(await standing()).toMatchObject({ shown: 0, hidden: 0, names: [] });
});

test("renamed between two pages of an erasure, does not get the old entries back", async () => {
  between(() => rename("Player 7"));
  expect(await ranker.erasePlayer("ada")).toEqual({ entries: 252, account: false });
  expect(await standing()).toMatchObject({ shown: 0, hidden: 0, names: [] });
});
