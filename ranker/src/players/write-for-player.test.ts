import { afterAll, beforeAll, beforeEach, describe, expect, spyOn, test } from "bun:test";
import type { Entry } from "shared/api/entries";
import type { PlayerRecord } from "shared/api/players";
import type { Identity } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { accountKey, erasedKey, homesKey, queueKey } from "shared/redis/keys";
import { primariesOf } from "shared/redis/redis";
import { flushAll, sizeOf } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
let other: Built;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  [ranker, other] = [await under.build(), await under.build()]; // nothing looked up yet
});

const eu = { region: "EU", partition: 0, tag: "EU" };
type Answer = Entry & { code?: string; detail?: string; errors?: { field: string; message: string }[] };

interface Asking {
  method?: string;
  at?: Built;
  operator?: string;
  key?: string;
}

async function ask(path: string, body: object, { method = "POST", at = ranker, operator = "game", key }: Asking = {}) {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  headers.Authorization = `Bearer ${await at.tokens.issueOperator({ name: operator }, 60)}`;
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const answer = await at.app.request(path, { method, headers, body: JSON.stringify(body) });
  return [answer.status, (await answer.json()) as Answer] as const;
}

/** `POST /score` by an operator, for the player ida. */
const write = (body: object, asking?: Asking) => ask("/score", { user_id: "ida", ...body }, asking);
const codeOf = ([status, { code, errors }]: Awaited<ReturnType<typeof ask>>) => [
  status,
  code,
  ...(errors ?? []).map(({ field }) => field),
];
const erase = (userId: string, asking?: Asking) => ask(`/players/${userId}`, {}, { method: "DELETE", ...asking });

async function register(user_id: string, region = "EU"): Promise<Identity> {
  const answer = await ranker.post("/auth/register", { user_id, name: `Account ${user_id}`, region });
  return ranker.tokens.verify(((await answer.json()) as { token: string }).token);
}

async function entriesOf(userId: string): Promise<string[]> {
  const answer = await ranker.app.request(`/players/${userId}`, {
    headers: { Authorization: `Bearer ${await ranker.tokens.issueOperator({ name: "root" }, 60)}` },
  });
  const { entries } = (await answer.json()) as PlayerRecord;
  return entries.map(({ board, region, name, score }) => `${board} ${region} ${name} ${score}`);
}

describe("a player who never registered", () => {
  test("has the name and the region of the first write, and reads find the entry", async () => {
    const entry = { rank: 1, user_id: "ida", name: "Ida", region: "EU", score: 5 };
    expect(await write({ region: "eu", name: " Ida ", score: 5 })).toMatchObject([200, entry]);
    expect(await (await ranker.app.request("/rank/ida?region=EU")).json()).toMatchObject(entry);
    expect(await under.redis.hgetall(homesKey)).toEqual({ ida: "EU" });
  });

  test("needs a region at the first write, which is named; nothing is written without it", async () => {
    const before = await sizeOf(under.redis);
    expect(codeOf(await write({ name: "Ida", score: 5 }))).toEqual([400, "invalid_request", "region"]);
    expect(codeOf(await ask("/players/ida/score", { operation: "add", value: 5 }))).toEqual([
      400,
      "invalid_request",
      "region",
    ]);
    expect(await sizeOf(under.redis)).toBe(before);
  });

  test("lives in the only region where there is one", async () => {
    const alone = await under.build({ topology: createTopology(["EU"], 1, ["main"]) });
    expect(await write({ score: 5 }, { at: alone })).toMatchObject([200, { region: "EU", score: 5 }]);
    expect(await under.redis.hgetall(homesKey)).toEqual({ ida: "EU" });
  });

  test("keeps the region: a write without one goes there, and another one is refused", async () => {
    await write({ region: "NA", score: 5 });
    for (const at of [ranker, other]) {
      expect(await write({ score: 6 }, { at })).toMatchObject([200, { region: "NA", score: 6 }]);
      const refused = await write({ region: "EU", score: 7 }, { at });
      expect(codeOf(refused)).toEqual([403, "wrong_region"]);
      expect(refused[1].detail).toContain("NA");
    }
    expect(await entriesOf("ida")).toEqual(["main NA ida 6"]);
  });

  test("has one home where first writes with two regions arrive at once at two rankers", async () => {
    for (let round = 0; round < 10; round++) {
      const user_id = `player-${round}`;
      const answers = await Promise.all([
        write({ user_id, region: "EU", score: 1 }, { at: ranker }),
        write({ user_id, region: "NA", score: 1 }, { at: other }),
      ]);
      expect(answers.map(([, { code }]) => code ?? "written").toSorted()).toEqual(["written", "wrong_region"]);
      expect(await entriesOf(user_id)).toHaveLength(1);
    }
  });

  test("keeps the region on a board that an operator made also where the home was lost", async () => {
    await ask("/boards/duels", {}, { method: "PUT" });
    await write({ region: "EU", score: 5, board: "duels" });
    await under.redis.del(homesKey);
    const refused = await write({ region: "NA", score: 5, board: "duels" }, { at: other });
    expect(codeOf(refused)).toEqual([403, "wrong_region"]);
    expect(await under.redis.hgetall(homesKey)).toEqual({ ida: "EU" });
  });

  test("is shown by the user_id until a name is given, which stays on every board until another one is", async () => {
    const nameOf = async (body: object, at = ranker) => (await write({ score: 1, ...body }, { at }))[1].name;
    expect(await nameOf({ region: "EU" })).toBe("ida");
    expect(await nameOf({ name: "Ida" })).toBe("Ida");
    expect(await nameOf({ board: "weekly" })).toBe("Ida");
    expect(await nameOf({ board: "weekly", name: "Ida the Great" }, other)).toBe("Ida the Great");
    expect(await nameOf({})).toBe("Ida the Great");
    expect(await nameOf({ region: "EU" }, other)).toBe("Ida the Great");
  });

  test("keeps the name that an operator gave, also where a write has another", async () => {
    await write({ region: "EU", name: "an insult", score: 1 });
    expect((await ask("/players/ida/rename", { name: "Player 7" }))[0]).toBe(200);
    expect(await write({ name: "an insult", score: 2 })).toMatchObject([200, { name: "Player 7" }]);
    expect(await write({ score: 3, board: "weekly" })).toMatchObject([200, { name: "Player 7" }]);
  });

  test("is written again after an erasure, in another region and without the old name", async () => {
    await write({ region: "EU", name: "Ida", score: 5 });
    expect((await erase("ida", { at: other }))[0]).toBe(200);
    expect(codeOf(await write({ score: 5 }))).toEqual([400, "invalid_request", "region"]);
    expect(await write({ region: "NA", score: 7 })).toMatchObject([200, { name: "ida", region: "NA", score: 7 }]);
    expect(await entriesOf("ida")).toEqual(["main NA ida 7"]);
  });

  test("hands the entries to a registration of the id in the same region; writes then have the account's name", async () => {
    await write({ region: "EU", name: "Ida", score: 5 });
    const registration = { user_id: "ida", name: "Account", region: "NA" };
    expect((await ranker.post("/auth/register", registration)).status).toBe(403);
    expect((await ranker.post("/auth/register", { ...registration, region: "EU" })).status).toBe(201);
    expect(await entriesOf("ida")).toEqual(["main EU Ida 5"]);
    expect(await write({ name: "Ida", score: 6 })).toMatchObject([200, { name: "Account", score: 6 }]);
  });
});

describe("a registered player", () => {
  test("keeps the name and the region of the account; another region is refused", async () => {
    await register("ida");
    expect(await write({ region: "EU", name: "Another", score: 5 })).toMatchObject([
      200,
      { name: "Account ida", region: "EU", score: 5 },
    ]);
    expect(codeOf(await write({ region: "NA", score: 6 }))).toEqual([403, "wrong_region"]);
    expect(await entriesOf("ida")).toEqual(["main EU Account ida 5"]);
    expect(await under.redis.exists(homesKey)).toBe(0);
  });

  test("costs one look-up a second", async () => {
    await register("ida");
    const spies = primariesOf(under.redis).map((server) => spyOn(server, "evalsha"));
    const calls = () => spies.flatMap((spy) => spy.mock.calls);
    const asked = () => calls().filter((call) => call.includes(accountKey("ida"))).length;
    for (const score of [1, 2, 3]) expect((await write({ score }))[0]).toBe(200);
    expect(asked()).toBe(1);
    for (const spy of spies) spy.mockRestore();
  });

  test.each(["EU", "NA"])(
    "is a new player in %s once the account was erased at another ranker, within the same second too",
    async (region) => {
      await register("ida");
      await write({ score: 5 });
      await erase("ida", { at: other });
      expect(await write({ region, name: "Ida", score: 6 })).toMatchObject([200, { name: "Ida", region }]);
      expect(await entriesOf("ida")).toEqual([`main ${region} Ida 6`]);
    },
  );

  test("is a new player for all items of a bulk once the account was erased at another ranker", async () => {
    await register("ida");
    await write({ score: 5 });
    await erase("ida", { at: other });
    const item = { user_id: "ida", region: "EU", name: "Ida", operation: "add", value: 2 };
    const [, answer] = await ask("/scores", { items: [item, item, item] });
    expect(answer).toMatchObject({ items: [2, 4, 6].map((score) => ({ status: 200, name: "Ida", score })) });
    expect(await entriesOf("ida")).toEqual(["main EU Ida 6"]);
  });

  test("takes no write while an erasure is half done: 503, and nothing is written", async () => {
    const { account } = await register("ida");
    await under.redis.set(erasedKey(eu, "ida"), `1 ${account}`);
    expect(codeOf(await write({ score: 5 }))).toEqual([503, "unavailable"]);
    expect(await under.redis.llen(queueKey(eu))).toBe(0);
  });
});

describe("POST /score", () => {
  test("does what the operator of the board says", async () => {
    expect((await ask("/boards/sums", { operator: "add", writers: "operators" }, { method: "PUT" }))[0]).toBe(201);
    for (const [board, second] of [
      ["main", 5],
      ["sums", 10],
    ] as const) {
      await write({ region: "EU", score: 5, board });
      expect(await write({ score: 5, board })).toMatchObject([200, { score: second }]);
    }
  });

  test("counts once under an operator's key, and meets no answer of the player or of another operator", async () => {
    await ask("/boards/sums", { operator: "add" }, { method: "PUT" });
    const ida = await register("ida");
    const body = { score: 5, board: "sums" };
    const totals: (number | undefined)[] = [];
    for (const operator of ["game", "game", "other"]) {
      totals.push((await write(body, { operator, key: "match-42" }))[1].score);
    }
    await ranker.post("/score", { user_id: "ida", ...body }, ida, { "Idempotency-Key": "match-42" });
    expect([totals, await entriesOf("ida")]).toEqual([[5, 5, 10], ["sums EU Account ida 15"]]);
  });

  test("writes a player's own score with the player's token, as /score/submit does", async () => {
    const ida = await register("ida");
    const body = { score: 5, region: "eu", name: "Another" };
    const answers = [
      await ranker.post("/score", { user_id: "ida", ...body }, ida, { "Idempotency-Key": "k" }),
      await ranker.post("/score/submit", { score: 5 }, ida, { "Idempotency-Key": "k" }),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get("Idempotent-Replayed")])).toEqual([
      [200, null],
      [200, "true"],
    ]);
    expect(await entriesOf("ida")).toEqual(["main EU Account ida 5"]);
  });

  test("refuses a player's token for another player and names user_id; nothing is written", async () => {
    const ida = await register("ida");
    await register("bob");
    const answer = await ranker.post("/score", { user_id: "bob", region: "EU", score: 5 }, ida);
    const { code, errors = [] } = (await answer.json()) as Answer;
    expect([answer.status, code, ...errors.map(({ field }) => field)]).toEqual([403, "forbidden", "user_id"]);
    expect(await under.redis.llen(queueKey(eu))).toBe(0);
  });

  test("refuses a player's token on a board of operators, in another region and after the account is gone", async () => {
    await ask("/boards/served", { writers: "operators" }, { method: "PUT" });
    const checked = await under.build({ confirmsAccounts: true });
    const ida = await register("ida");
    const refusal = async (body: object) => {
      const answer = await checked.post("/score", { user_id: "ida", score: 5, ...body }, ida);
      return [answer.status, ((await answer.json()) as Answer).code];
    };
    expect(await refusal({ board: "served" })).toEqual([403, "board_read_only"]);
    expect(await refusal({ region: "NA" })).toEqual([403, "wrong_region"]);
    await erase("ida", { at: checked });
    const late = await under.build({ confirmsAccounts: true });
    const answer = await late.post("/score", { user_id: "ida", score: 5 }, ida);
    expect(answer.status).toBe(401);
    expect(await write({ region: "EU", score: 5, board: "served" })).toMatchObject([200, { score: 5 }]);
  });

  test("names each field that is not valid, and each that is missing", async () => {
    const wrong = await write({ user_id: "a b", region: "MARS", name: "", score: "1", board: "A", more: 1 });
    expect(codeOf(wrong).slice(0, 2)).toEqual([400, "invalid_request"]);
    expect(codeOf(wrong).slice(2).toSorted()).toEqual(["board", "more", "name", "region", "score", "user_id"]);
    expect(codeOf(await ask("/score", {}))).toEqual([400, "invalid_request", "user_id", "score"]);
  });
});

describe("POST /players/:userId/score", () => {
  test("writes for a player of whom nothing is kept, with a score or with an operation", async () => {
    const ida = { region: "EU", name: "Ida" };
    expect(await ask("/players/ida/score", { ...ida, score: 5 })).toMatchObject([200, { name: "Ida", score: 5 }]);
    expect(await ask("/players/ida/score", { operation: "add", value: 5 })).toMatchObject([200, { score: 10 }]);
    const create = { ...ida, operation: "create", value: 1, board: "weekly" };
    expect(await ask("/players/ida/score", create)).toMatchObject([201, { name: "Ida", score: 1 }]);
    expect(codeOf(await ask("/players/ida/score", { score: 5, region: "NA" }))).toEqual([403, "wrong_region"]);
  });

  test("submits a score by the operator of the board", async () => {
    await ask("/boards/sums", { operator: "add" }, { method: "PUT" });
    const submit = () => ask("/players/ida/score", { region: "EU", score: 0.5e1, board: "sums" });
    expect([(await submit())[1].score, (await submit())[1].score]).toEqual([5, 10]);
  });

  test.each<[body: object, fields: string[]]>([
    [{}, ["score"]],
    [{ operation: "add" }, ["value"]],
    [{ value: 5 }, ["operation"]],
    [{ score: 5, operation: "add", value: 5 }, ["score"]],
    [{ score: 5, operation: "add" }, ["score", "value"]],
  ])("refuses %j and names what is wrong", async (body, fields) => {
    expect(codeOf(await ask("/players/ida/score", { region: "EU", ...body }))).toEqual([
      400,
      "invalid_request",
      ...fields,
    ]);
  });
});
