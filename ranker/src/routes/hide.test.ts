import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Entry } from "shared/api/entries";
import type { PlayerRecord } from "shared/api/players";
import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { createLog } from "shared/log/log";
import { boardKey, entriesKey, hiddenKey, queueKey, splitKey, visibilityKey } from "shared/redis/keys";
import { flushAll } from "testing/whole-store";
import { type Built, player, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  under = await startUnderTest();
  const log = createLog("ranker", "info", { write: (line) => void lines.push(JSON.parse(line)) });
  ranker = await under.build({ log, live: { boardIntervalMs: 20, rankIntervalMs: 20 } });
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  lines.length = 0;
});

const eu = { region: "EU", partition: 0, tag: "EU" };
const [ada, bob] = [player("ada"), player("bob")];

async function ask(method: string, path: string, body?: string | object, at = ranker) {
  const token = await at.tokens.issueOperator({ name: "root" }, 60);
  const content = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await at.app.request(path, {
    method,
    headers: { ...type, Authorization: `Bearer ${token}` },
    ...content,
  });
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
}
const hide = (userId: string, body?: object) => ask("POST", `/players/${userId}/hide`, body);
const unhide = (userId: string, body?: object) => ask("POST", `/players/${userId}/unhide`, body);

const write = (as: Identity, score: number, board = "main", key?: string) =>
  ranker.post("/score/update", { score, board }, as, key === undefined ? {} : { "Idempotency-Key": key });
const written = async (answer: Response) => (await answer.json()) as Entry;
const idsOf = async (board = "main") =>
  (await ranker.boards.top("GLOBAL", board, 10)).entries.map(({ user_id }) => user_id);
const statusOf = async (path: string) => (await ranker.app.request(path)).status;

test("a hidden player is on no board and in no view, counts in no rank, and comes back to the same place among equals", async () => {
  await ranker.post("/auth/register", { user_id: "cyd", name: "Cyd", region: "EU" });
  for (const as of [bob, ada, player("cyd")]) for (const board of ["main", "weekly"]) await write(as, 5, board);
  const before = [await idsOf(), await idsOf("weekly")];
  expect(await hide("ada", { reason: "a bot" })).toEqual([200, { user_id: "ada", hidden: true, boards: 2 }]);
  for (const board of ["main", "weekly"]) {
    expect(await idsOf(board)).toEqual(["bob", "cyd"]);
    for (const view of ["GLOBAL", "EU"]) {
      expect(await ranker.boards.rank(view, board, "cyd")).toMatchObject({ rank: 2, total: 2 });
      expect(await ranker.boards.around(view, board, "cyd", 5)).toMatchObject({
        total: 2,
        around: [{ user_id: "bob" }],
      });
      for (const read of ["rank", "around", "live/rank"]) {
        expect(await statusOf(`/${read}/ada?board=${board}&region=${view}`)).toBe(404);
      }
    }
  }
  expect(await unhide("ada")).toEqual([200, { user_id: "ada", hidden: false, boards: 2 }]);
  expect([await idsOf(), await idsOf("weekly")]).toEqual(before);
});

test("either act twice answers the same, and does no more", async () => {
  await write(ada, 5);
  for (const [act, ids] of [[unhide, ["ada"]] as const, [hide, []] as const, [unhide, ["ada"]] as const]) {
    const first = await act("ada");
    expect(await act("ada")).toEqual(first);
    expect(await idsOf()).toEqual([...ids]);
  }
});

describe("while hidden", () => {
  test("what is written is acknowledged without a rank, queued like any other, and shown afterwards with its arrival", async () => {
    await write(ada, 5);
    await hide("ada");
    expect(await written(await write(ada, 9))).toMatchObject({ rank: null, score: 9 });
    expect(await written(await ranker.post("/score/add", { delta: -2 }, ada))).toMatchObject({ rank: null, score: 7 });
    await write(bob, 7); // later than ada reached the same
    const [, newest = ""] = await under.redis.lrange(queueKey(eu), 0, 1);
    expect(JSON.parse(newest)).toMatchObject({ user_id: "ada", board: "main", score: "7" });
    await unhide("ada");
    expect(await idsOf()).toEqual(["ada", "bob"]);
    expect(await written(await ranker.post("/score/add", { delta: 1 }, ada))).toMatchObject({ rank: 1, score: 8 });
  });

  test("a board that is first played on then stays without the player, an account without a score can be hidden before", async () => {
    await ranker.post("/auth/register", { user_id: "ada", name: "Ada", region: "EU" });
    expect(await hide("ada")).toEqual([200, { user_id: "ada", hidden: true, boards: 0 }]);
    const create = () => ranker.post("/score/create", { initialScore: 3, board: "weekly" }, ada);
    expect(await written(await create())).toMatchObject({ rank: null, score: 3 });
    expect((await create()).status).toBe(409);
    expect(await idsOf("weekly")).toEqual([]);
    expect(await unhide("ada")).toEqual([200, { user_id: "ada", hidden: false, boards: 1 }]);
    expect(await idsOf("weekly")).toEqual(["ada"]);
  });

  test("an operator writes for the player as well, and reads the whole record with a word of it", async () => {
    await write(ada, 5);
    await hide("ada");
    const scored = await ask("POST", "/players/ada/score", { operation: "add", value: 1 });
    expect(scored).toMatchObject([200, { rank: null, score: 6 }]);
    const [, record] = await ask("GET", "/players/ada");
    expect(record).toMatchObject({ hidden: true, entries: [{ board: "main", region: "EU", score: 6 }] });
    await unhide("ada");
    expect((await ask("GET", "/players/ada"))[1]).toMatchObject({ hidden: false, entries: [{ score: 6 }] });
  });

  test("a key's first answer is the answer: with its rank if it is of before, without one although shown again", async () => {
    const first = await written(await write(ada, 5, "main", "before"));
    await hide("ada");
    expect(await written(await write(ada, 5, "main", "before"))).toEqual(first);
    const second = await written(await write(ada, 6, "main", "while"));
    expect(second.rank).toBeNull();
    await unhide("ada");
    const again = await write(ada, 6, "main", "while");
    expect([again.headers.get("Idempotent-Replayed"), await written(again)]).toEqual(["true", second]);
  });
});

test("viewers of a board see the player leave and come back; viewers of the rank are told that there is none", async () => {
  await write(bob, 9);
  await write(ada, 5);
  const read = async (path: string) => {
    const { body } = await ranker.app.request(path);
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    return {
      async until(wanted: string) {
        while (!text.includes(wanted)) text += (await reader?.read())?.value ?? "";
        text = text.slice(text.indexOf(wanted) + wanted.length);
      },
      cancel: () => reader?.cancel(),
    };
  };
  const [board, rank] = [await read("/live?region=EU"), await read("/live/rank/ada")];
  await Promise.all([board.until('"user_id":"ada"'), rank.until('"rank":2')]);
  await hide("ada");
  await Promise.all([board.until('"left":[{"user_id":"ada","region":"EU"}]'), rank.until("event: not_ranked")]);
  await unhide("ada");
  await Promise.all([board.until('"entered":[{"rank":2,"user_id":"ada"'), rank.until('"rank":2')]);
  await Promise.all([board.cancel(), rank.cancel()]);
});

describe("permission", () => {
  test("neither a player, also for the own account, nor a caller without a token may hide", async () => {
    await write(ada, 5);
    for (const act of ["hide", "unhide"]) {
      expect((await ranker.post(`/players/ada/${act}`, {}, ada)).status).toBe(403);
      expect((await ranker.post(`/players/ada/${act}`, {})).status).toBe(401);
    }
    expect(await idsOf()).toEqual(["ada"]);
  });

  test("a player who neither registered nor ever wrote cannot be hidden", async () => {
    for (const act of [hide, unhide]) expect(await act("nobody")).toMatchObject([404, { code: "not_found" }]);
    expect(await under.redis.exists(queueKey(eu), visibilityKey(eu))).toBe(0);
  });

  test("each act is logged with who did it, to whom, and why", async () => {
    await write(ada, 5);
    await hide("ada", { reason: "a bot" });
    await unhide("ada");
    await hide("nobody");
    expect(lines.filter(({ msg }) => msg === "operator acted")).toMatchObject([
      { operator: "root", action: "hide", user_id: "ada", status: 200, reason: "a bot", level: "info" },
      { operator: "root", action: "unhide", user_id: "ada", status: 200 },
      { operator: "root", action: "hide", user_id: "nobody", status: 404 },
    ]);
  });

  test("the reason is all that there is to say, in 200 characters, or nothing at all", async () => {
    await write(ada, 5);
    for (const body of [undefined, {}, { reason: "" }, { reason: "🏆".repeat(200) }]) {
      expect((await hide("ada", body))[0]).toBe(200);
    }
    for (const body of [{ reason: "🏆".repeat(201) }, { reason: 5 }, { reason: "a\nb" }, { why: "" }, [], "{"]) {
      expect((await ask("POST", "/players/ada/hide", body))[0]).toBe(400);
    }
  });
});

test("the change waits behind what the player wrote, in every region, with a later version", async () => {
  await write(ada, 5);
  await hide("ada");
  const [newest = "", before = ""] = await under.redis.lrange(queueKey(eu), 0, -1);
  const { updated_at: version, ...event } = JSON.parse(newest);
  expect(event).toEqual({ hidden: true, user_id: "ada", region: "EU" });
  expect(Number(version)).toBeGreaterThan(Number(JSON.parse(before).updated_at));
  expect(await under.redis.hget(visibilityKey(eu), "ada")).toBe(`${version} hidden`);
  expect(await under.redis.llen("queue:scores:{NA}")).toBe(1);
});

test("an erasure takes the scores and the mark of being hidden: a later player of the same id is shown", async () => {
  await ranker.post("/auth/register", { user_id: "ada", name: "Ada", region: "EU", initialScore: 5 });
  await hide("ada");
  expect(await ask("DELETE", "/players/ada")).toEqual([200, { user_id: "ada", entries: 1, account: true }]);
  expect(await under.redis.exists(hiddenKey(eu, "main"), entriesKey(eu, "main"), visibilityKey(eu))).toBe(0);
  await ranker.post("/auth/register", { user_id: "ada", name: "Ada", region: "EU", initialScore: 7 });
  expect(await idsOf()).toEqual(["ada"]);
});

test("hiding an account that is erased meanwhile does not hide a later player of the same id", async () => {
  const answer = await ranker.post("/auth/register", { user_id: "ada", name: "Ada", region: "EU" });
  const found = await ranker.tokens.verify(((await answer.json()) as { token: string }).token);
  await ask("DELETE", "/players/ada");
  await expect(ranker.setVisibility(found, { hidden: true })).rejects.toMatchObject({ code: "not_found" });
  expect(await under.redis.exists(visibilityKey(eu))).toBe(0);
});

test("a wrong type at any key that it writes changes nothing at all", async () => {
  await write(ada, 5);
  for (const key of [visibilityKey(eu), hiddenKey(eu, "weekly"), boardKey(eu, "weekly"), entriesKey(eu, "weekly")]) {
    await under.redis.set(key, "wrong");
    const before = await under.redis.lrange(queueKey(eu), 0, -1);
    expect((await hide("ada"))[0]).toBe(500);
    expect(await under.redis.lrange(queueKey(eu), 0, -1)).toEqual(before);
    await under.redis.del(key);
    expect(await idsOf()).toEqual(["ada"]);
  }
});

test("while a region is away the act is done in part, which is said; another completes it", async () => {
  await write(ada, 5);
  let isAway = true;
  const halved = await under.build({
    redisOf(region) {
      if (isAway && region === "NA") throw new Problem("unavailable", "The store of NA is away.");
      return under.redis;
    },
  });
  await ranker.post("/auth/register", { user_id: "ada", name: "Ada", region: "EU" });
  expect(await ask("POST", "/players/ada/hide", {}, halved)).toMatchObject([503, { code: "outcome_unknown" }]);
  isAway = false;
  expect(await ask("POST", "/players/ada/hide", {}, halved)).toMatchObject([200, { boards: 1 }]);
});

test("while a region's entries are moved no player is hidden there, nor by a ranker with another split", async () => {
  await write(ada, 5);
  for (const split of ["1>4 copying", "1>4 moving", "4"]) {
    await under.redis.set(splitKey("EU"), split);
    const queued = await under.redis.llen(queueKey(eu));
    expect((await hide("ada"))[0]).toBe(503);
    expect(await under.redis.llen(queueKey(eu))).toBe(queued);
  }
  await under.redis.del(splitKey("EU"));
  expect(((await ask("GET", "/players/ada"))[1] as PlayerRecord).entries).toHaveLength(1);
  expect(await idsOf()).toEqual(["ada"]);
});

test("a player without an account is hidden and shown also where no entry is left, as when all of them are archived", async () => {
  expect((await hide("eve"))[0]).toBe(404);
  await ask("POST", "/score", { user_id: "eve", region: "EU", name: "Eve", score: 5 });
  expect((await ask("DELETE", "/players/eve/entries/main"))[0]).toBe(200);
  expect(await hide("eve")).toEqual([200, { user_id: "eve", hidden: true, boards: 0 }]);
  await ask("POST", "/score", { user_id: "eve", score: 7 });
  expect(await idsOf()).toEqual([]);
  expect((await ask("DELETE", "/players/eve/entries/main"))[0]).toBe(200);
  expect(await unhide("eve")).toEqual([200, { user_id: "eve", hidden: false, boards: 0 }]);
  await ask("POST", "/score", { user_id: "eve", score: 8 });
  expect(await idsOf()).toEqual(["eve"]);
});
