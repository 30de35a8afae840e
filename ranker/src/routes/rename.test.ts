import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Entry } from "shared/api/entries";
import type { Identity } from "shared/auth/tokens";
import { queueKey, visibilityKey } from "shared/redis/keys";
import { flushAll } from "testing/whole-store";
import { type Built, player, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build();
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const eu = { region: "EU", partition: 0, tag: "EU" };
const [ada, bob] = [player("ada"), player("bob")];

async function operate(path: string, body?: object) {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await ranker.app.request(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
}
const rename = (userId: string, name: string) => operate(`/players/${userId}/rename`, { name, reason: "an insult" });
const write = async (as: Identity, score: number, board = "main", key = "") => {
  const headers: Record<string, string> = key === "" ? {} : { "Idempotency-Key": key };
  return (await (await ranker.post("/score/update", { score, board }, as, headers)).json()) as Entry;
};
const namesOn = async (board: string) =>
  (await ranker.boards.top("GLOBAL", board, 10)).entries.map(({ user_id, name }) => `${user_id}: ${name}`);

// Each character that JSON, a pattern of Lua or the record could take for something else.
const ODD = 'a %d "hidden" \\ /,"region":"NA" 🏆 hidden';

test("a renamed player has the name on all boards at once, at the same rank among equals", async () => {
  for (const as of [bob, ada]) for (const board of ["main", "weekly"]) await write(as, 5, board);
  expect(await rename("bob", ODD)).toEqual([200, { user_id: "bob", name: ODD, boards: 2 }]);
  for (const board of ["main", "weekly"]) {
    expect(await namesOn(board)).toEqual([`bob: ${ODD}`, "ada: Name of ada"]);
    expect(await ranker.boards.rank("EU", board, "bob")).toMatchObject({ rank: 1, name: ODD, score: 5 });
  }
});

test("later writes with the old token keep the name, in the answer, on the board and for PostgreSQL", async () => {
  await write(ada, 5);
  await rename("ada", ODD);
  expect(await write(ada, 6)).toMatchObject({ name: ODD, score: 6 });
  expect(await write(ada, 7, "weekly", "key")).toMatchObject({ name: ODD, score: 7 });
  expect(await write(ada, 7, "weekly", "key")).toMatchObject({ name: ODD, score: 7 });
  expect([await namesOn("main"), await namesOn("weekly")]).toEqual([[`ada: ${ODD}`], [`ada: ${ODD}`]]);
  for (const event of await under.redis.lrange(queueKey(eu), 0, 1)) {
    expect(JSON.parse(event)).toMatchObject({ user_id: "ada", name: ODD, region: "EU" });
  }
});

test("a player may be renamed before the first entry, and again", async () => {
  await ranker.post("/auth/register", { user_id: "ada", name: "Rude", region: "EU" });
  expect(await rename("ada", "Ada")).toEqual([200, { user_id: "ada", name: "Ada", boards: 0 }]);
  await write(ada, 5);
  expect(await namesOn("main")).toEqual(["ada: Ada"]);
  await rename("ada", "Ada L.");
  await write(ada, 6);
  expect(await namesOn("main")).toEqual(["ada: Ada L."]);
});

test("hiding keeps the name, and renaming keeps the player hidden, also under a name that ends in hidden", async () => {
  await write(ada, 5);
  await write(bob, 4);
  await rename("ada", "not hidden");
  expect(await namesOn("main")).toEqual(["ada: not hidden", "bob: Name of bob"]);
  await operate("/players/ada/hide");
  await rename("ada", "visible");
  expect(await write(ada, 6)).toMatchObject({ rank: null, name: "visible" });
  expect(await namesOn("main")).toEqual(["bob: Name of bob"]);
  await operate("/players/ada/unhide");
  expect(await namesOn("main")).toEqual(["ada: visible", "bob: Name of bob"]);
  expect(await write(ada, 7)).toMatchObject({ rank: 1, name: "visible" });
});

test("an erased player's name is not kept for the next one of the id", async () => {
  await write(ada, 5);
  await rename("ada", "Player 7");
  await ranker.erasePlayer("ada");
  expect(await under.redis.hlen(visibilityKey(eu))).toBe(0);
  expect(await write(ada, 5)).toMatchObject({ name: "Name of ada" });
});

test("names follow the rule of a registration, and an unknown player is not found", async () => {
  await write(ada, 5);
  for (const name of ["\u3164", "a\u2028b", " "]) {
    expect(await rename("ada", name)).toMatchObject([400, { errors: [{ field: "name" }] }]);
  }
  expect(await rename("ada", " Zoe\u0308 ")).toMatchObject([200, { name: "Zo\u00eb" }]);
  expect(await rename("nobody", "Nobody")).toMatchObject([404, { code: "not_found" }]);
  const refused = await ranker.post("/players/ada/rename", { name: "Ada" }, ada);
  expect([refused.status, await refused.json()]).toMatchObject([403, { code: "forbidden" }]);
});
