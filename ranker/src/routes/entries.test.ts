import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { detailsKey, entriesKey, hiddenKey, queueKey } from "shared/redis/keys";
import { flushAll } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
let lines: string[] = [];
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  lines = [];
  const log = createLog("test", "info", { write: (line) => void lines.push(line) });
  ranker = await under.build({ log });
});
const EU = { region: "EU", partition: 0, tag: "EU" };

async function ask(method: string, path: string, body?: object): Promise<[number, Record<string, unknown>]> {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const answer = await ranker.app.request(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  });
  return [answer.status, (await answer.json()) as Record<string, unknown>];
}
const write = (user_id: string, fields: object) => ask("POST", "/score", { user_id, region: "EU", ...fields });
const rank = async (board: string) => (await ask("GET", `/rank/ada?board=${board}&with=metadata`))[1];
const LAPS = { order: "asc", operator: "best", decimals: 3, sub: "desc", attempts_max: 2, metadata_bytes_max: 40 };

test("on a board of any kind an edit keeps score, sub-score, attempts and rank, and a removal takes all of them", async () => {
  await ask("PUT", "/boards/laps", LAPS);
  await write("ada", { board: "laps", score: 12.75, sub: 3, metadata: { car: "red" } });
  await write("bob", { board: "laps", score: 12.75, sub: 3 });
  const before = await rank("laps");
  expect(await ask("PATCH", "/players/ada/entries/laps", { metadata: { lap: 1.5, of: "10" } })).toEqual([
    200,
    { user_id: "ada", board: "laps", metadata: { lap: 1.5, of: "10" } },
  ]);
  const { updated_at: _, ...same } = before;
  expect(await rank("laps")).toMatchObject({ ...same, metadata: { lap: 1.5, of: "10" }, rank: 1, total: 2 });
  expect(await ask("PATCH", "/players/ada/entries/laps", { metadata: { car: "x".repeat(40) } })).toMatchObject([
    400,
    { errors: [{ field: "metadata" }] },
  ]);
  await write("ada", { board: "laps", score: 11 });
  expect(await write("ada", { board: "laps", score: 10 })).toMatchObject([409, { used: 2, max: 2 }]);
  expect(await ask("DELETE", "/players/ada/entries/laps")).toMatchObject([200, { removed: true }]);
  expect(await rank("laps")).toMatchObject({ code: "not_ranked" });
  for (const key of [entriesKey(EU, "laps"), detailsKey(EU, "laps")])
    expect(await under.redis.hget(key, "ada")).toBeNull();
  expect(await write("ada", { board: "laps", score: 14 })).toMatchObject([200, { rank: 2, previous: null }]);
  expect(await rank("laps")).toMatchObject({ score: 14, sub: 0, metadata: null });
});

test("an edit of a hidden player's entry is kept for the day the player is shown again", async () => {
  await write("ada", { score: 5 });
  await ask("POST", "/players/ada/hide");
  expect((await ask("PATCH", "/players/ada/entries/main", { name: "Ada II" }))[0]).toBe(200);
  expect(await rank("main")).toMatchObject({ code: "not_ranked" });
  await ask("POST", "/players/ada/unhide");
  expect(await rank("main")).toMatchObject({ name: "Ada II", score: 5 });
  await ask("POST", "/players/ada/hide");
  await ask("DELETE", "/players/ada/entries/main");
  expect(await under.redis.zcard(hiddenKey(EU, "main"))).toBe(0);
});

test("each act is logged with its operator, player, board and reason", async () => {
  await write("ada", { score: 5 });
  await ask("PATCH", "/players/ada/entries/main", { name: "Ada II", reason: "an insult" });
  await ask("DELETE", "/players/ada/entries/main?reason=a+bot");
  await ask("POST", "/scores", { items: [{ user_id: "ada", score: 1, region: "EU" }, { user_id: "bob" }] });
  const acts = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "operator acted");
  const root = { operator: "root", status: 200 };
  expect(acts.slice(1)).toMatchObject([
    { ...root, action: "patch_entry", user_id: "ada", board: "main", name: "Ada II", reason: "an insult" },
    { ...root, action: "delete_entry", user_id: "ada", board: "main", reason: "a bot" },
    { ...root, action: "scores", items: 2, refused: { invalid_request: 1 }, boards: ["main"], user_ids: ["ada"] },
  ]);
});

test("an entry that stands behind a full queue is removed and changed all the same, as an act of a moderator", async () => {
  await write("ada", { score: 5 });
  const full = await under.build({ queueMax: 0 });
  const headers = { Authorization: `Bearer ${await full.tokens.issueOperator({ name: "root" }, 60)}` };
  const answer = await full.app.request("/players/ada/entries/main", { method: "DELETE", headers });
  expect([answer.status, await under.redis.llen(queueKey(EU))]).toEqual([200, 2]);
});
