import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { PlayerRecord } from "shared/api/players";
import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { createLog } from "shared/log/log";
import { toDeadElement } from "shared/model/dead-element";
import { accountDeadKey, accountQueueKey, fenceKey, queueKey, splitKey } from "shared/redis/keys";
import { flushAll, keysOf } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build({
    revocations: new Set(["00000000000000ff"]),
    log: createLog("ranker", "info", { write: (line) => void lines.push(JSON.parse(line)) }),
  });
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  lines.length = 0;
});

const eu = { region: "EU", partition: 0, tag: "EU" };

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
  return ranker.app.request(path, {
    method,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body), // undefined without a body
  });
}

async function register(user_id: string, region = "EU"): Promise<Identity> {
  const response = await ranker.post("/auth/register", {
    user_id,
    name: `Name of ${user_id}`,
    region,
    initialScore: 5,
  });
  const { token } = (await response.json()) as { token: string };
  return ranker.tokens.verify(token);
}

const rankOf = async (userId: string) => (await ranker.app.request(`/rank/${userId}`)).status;

describe("who may", () => {
  const routes = [
    ["DELETE", "/players/ada"],
    ["GET", "/players/ada"],
    ["POST", "/players/ada/score"],
  ] as const;

  test("neither a player nor a caller without a token may", async () => {
    const ada = await register("ada");
    for (const [method, path] of routes) {
      const headers = { Authorization: `Bearer ${await ranker.tokens.issue(ada)}` };
      expect((await ranker.app.request(path, { method, headers })).status).toBe(403);
      expect((await ranker.app.request(path, { method })).status).toBe(401);
    }
    expect(await rankOf("ada")).toBe(200);
  });

  test("an operator is no player", async () => {
    expect((await ask("POST", "/score/add", { delta: 1 })).status).toBe(403);
  });

  test("every act is logged with who did it, and how it ended", async () => {
    await ask("DELETE", "/players/ada");
    await ask("GET", "/players/nobody");
    await ask("POST", "/players/nobody/score", { operation: "add", value: 7 });
    await ask("POST", "/score", { user_id: "nobody", score: 7 });
    const acted = lines.filter((line) => line.msg === "operator acted");
    expect(acted).toMatchObject([
      { operator: "root", action: "erase", user_id: "ada", status: 200, level: "info" },
      { operator: "root", action: "export", user_id: "nobody", status: 404 },
      { operator: "root", action: "score", user_id: "nobody", status: 400, operation: "add", value: 7, board: "main" },
      { operator: "root", action: "score", user_id: "nobody", status: 400, score: 7, board: "main" },
    ]);
  });

  test("the log has the id of a listed token, also where its role is too low for the act", async () => {
    const operator = { name: "support", role: "reader", tokenId: "0000000000000001" } as const;
    const headers = { Authorization: `Bearer ${await ranker.tokens.issueListed(operator, 60)}` };
    for (const method of ["GET", "DELETE"]) await ask(method, "/players/ada", undefined, headers);
    const acted = lines.filter((line) => line.msg === "operator acted");
    expect(acted).toMatchObject([
      { operator: "support", token_id: operator.tokenId, action: "export", status: 404 },
      { operator: "support", token_id: operator.tokenId, action: "erase", status: 403 },
    ]);
  });

  test("the log has who tried to act with a revoked token", async () => {
    const operator = { name: "support", role: "admin", tokenId: "00000000000000ff" } as const;
    const headers = { Authorization: `Bearer ${await ranker.tokens.issueListed(operator, 60)}` };
    expect((await ask("DELETE", "/players/ada", undefined, headers)).status).toBe(401);
    const acted = lines.filter((line) => line.msg === "operator acted");
    expect(acted).toMatchObject([{ operator: "support", token_id: operator.tokenId, action: "erase", status: 401 }]);
  });
});

describe("erase", () => {
  test("of a player of whom nothing is kept is 200, so that a repeat does not fail", async () => {
    for (const _ of ["first", "again"]) {
      const erased = await ask("DELETE", "/players/nobody");
      expect([erased.status, await erased.json()]).toMatchObject([200, { user_id: "nobody" }]);
    }
  });

  test("an erasure leaves in Redis only the mark of the erasure and limits that expire within minutes, and touches no other player", async () => {
    await register("bob");
    const ada = await register("ada");
    await ranker.post("/score/update", { score: 7, board: "weekly" }, ada, { "Idempotency-Key": "one" });
    await ranker.post("/auth/login", { user_id: "ada", name: "wrong" });
    const response = await ask("DELETE", "/players/ada");
    expect(await response.json()).toEqual({ user_id: "ada", entries: 2, account: true });
    const keys = (await keysOf(under.redis, "*ada*")).filter((key) => !key.startsWith("bucket:{accounts}:login:ada:"));
    expect(keys.sort()).toEqual([
      "erased:{ASIA}:ada",
      "erased:{EU}:ada",
      "erased:{GLOBAL}:ada",
      "erased:{NA}:ada",
      "erased:{accounts}:ada",
    ]);
    expect(await under.redis.hkeys("entries:{EU}")).toEqual(["bob"]);
    expect(await rankOf("bob")).toBe(200);
    expect(await rankOf("ada")).toBe(404);
  });

  test("the erasure waits behind the player's events, in every region and for the account", async () => {
    await register("ada");
    await ask("DELETE", "/players/ada");
    const [newest = "", before = ""] = await under.redis.lrange(queueKey(eu), 0, -1);
    expect(JSON.parse(newest)).toEqual({ erased: true, user_id: "ada", region: "EU", updated_at: expect.any(String) });
    expect(Number(JSON.parse(newest).updated_at)).toBeGreaterThan(Number(JSON.parse(before).updated_at));
    expect(await under.redis.llen("queue:scores:{NA}")).toBe(1);
    expect(JSON.parse((await under.redis.lindex(accountQueueKey, 0)) ?? "")).toMatchObject({ erased: true });
  });

  test("a token from before the erasure writes no more, even where accounts are not confirmed; one of a new registration does", async () => {
    const before = await register("ada");
    await ask("DELETE", "/players/ada");
    const late = await ranker.post("/score/add", { delta: 1 }, before);
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([401, "invalid_token"]);
    expect(await rankOf("ada")).toBe(404);
    const after = await register("ada", "NA");
    const written = await ranker.post("/score/add", { delta: 1 }, after);
    expect(await written.json()).toMatchObject({ score: 6, region: "NA", rank: 1 });
  });

  test("one that broke off before the account is completed by another; a repeated one changes nothing more", async () => {
    const ada = await register("ada");
    await under.redis.rename("account:{accounts}:ada", "{accounts}:kept");
    await ask("DELETE", "/players/ada"); // as far as the shards know
    await under.redis.rename("{accounts}:kept", "account:{accounts}:ada");
    expect(await (await ask("DELETE", "/players/ada")).json()).toEqual({ user_id: "ada", entries: 0, account: true });
    expect(await (await ask("DELETE", "/players/ada")).json()).toEqual({ user_id: "ada", entries: 0, account: false });
    expect((await ranker.post("/score/add", { delta: 1 }, ada)).status).toBe(401);
  });

  test("a wrong type at any key it writes changes nothing at all", async () => {
    await register("ada");
    for (const key of ["erased:{EU}:ada", "entries:{EU}:weekly", "leaderboard:{EU}:weekly", "details:{EU}:weekly"]) {
      await under.redis.del(key);
      if (/^(entries|details)/.test(key)) await under.redis.set(key, "wrong");
      else await under.redis.hset(key, "a", "b");
      const before = await under.redis.lrange(queueKey(eu), 0, -1);
      expect((await ask("DELETE", "/players/ada")).status).toBe(500);
      expect(await under.redis.lrange(queueKey(eu), 0, -1)).toEqual(before);
      expect(await rankOf("ada")).toBe(200);
      await under.redis.del(key);
    }
  });
});

test("while a region is away a player is erased in part, which is said; another erasure completes it", async () => {
  const ada = await register("ada", "NA");
  let isAway = true;
  const halved = await under.build({
    redisOf(region) {
      if (isAway && region === "NA") throw new Problem("unavailable", "The store of NA is away.");
      return under.redis;
    },
  });
  const erase = async () => {
    const headers = { Authorization: `Bearer ${await halved.tokens.issueOperator({ name: "root" }, 60)}` };
    const answer = await halved.app.request("/players/ada", { method: "DELETE", headers });
    return [answer.status, await answer.json()];
  };
  expect(await erase()).toMatchObject([503, { code: "outcome_unknown" }]);
  const { loggedInAt: _, ...account } = ada;
  expect(await ranker.accounts.login({ user_id: "ada", name: "Name of ada" })).toEqual(account);
  isAway = false;
  expect(await erase()).toEqual([200, { user_id: "ada", entries: 1, account: true }]);
});

test("while a region's entries are moved no player is erased there, nor by a ranker with another split", async () => {
  await register("ada");
  for (const split of ["1>4 copying", "1>4 moving", "4"]) {
    await under.redis.set(splitKey("EU"), split);
    const queued = await under.redis.llen(queueKey(eu));
    expect((await ask("DELETE", "/players/ada")).status).toBe(503);
    expect(await under.redis.llen(queueKey(eu))).toBe(queued);
  }
  await under.redis.del(splitKey("EU"));
  expect(await rankOf("ada")).toBe(200);
});

test("after an erasure the next owner of the id meets none of the answers that were kept for the first", async () => {
  const first = await register("ada");
  const write = (as: Identity, delta: number) => ranker.post("/score/add", { delta }, as, { "Idempotency-Key": "k" });
  await write(first, 100);
  await ask("DELETE", "/players/ada");
  expect(await keysOf(under.redis, "answers:*")).toEqual([]);
  const second = await register("ada");
  const written = await write(second, 100);
  expect([written.headers.get("Idempotent-Replayed"), await written.json()]).toMatchObject([null, { score: 105 }]);
  expect((await write(second, 100)).headers.get("Idempotent-Replayed")).toBe("true");
});

test("a player of a provider in a region whose store was emptied is not called unknown", async () => {
  await ranker.submit({ userId: "grace", name: "Grace", region: "EU" }, { operation: "set", board: "main", value: 5 });
  const fence = (await under.redis.get(fenceKey("EU"))) ?? "";
  await under.redis.del(fenceKey("EU"), "entries:{EU}", "leaderboard:{EU}");
  const answer = await ask("POST", "/players/grace/score", { operation: "add", value: 1 });
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, "unavailable"]);
  await under.redis.set(fenceKey("EU"), fence);
});

describe("export", () => {
  test("says all that is kept but the hash: account, entries of all boards, what waits", async () => {
    const ada = await register("ada");
    await register("ada2");
    await ranker.post("/score/update", { score: 7, board: "weekly" }, ada);
    const record = (await (await ask("GET", "/players/ada")).json()) as Record<string, unknown[]>;
    expect(record).toMatchObject({
      user_id: "ada",
      account: { name: "Name of ada", region: "EU", has_password: false },
      entries: [
        { board: "main", region: "EU", score: 5 },
        { board: "weekly", region: "EU", score: 7 },
      ],
      dead: [],
    });
    expect(record.waiting?.map((event) => JSON.parse(String(event)).user_id)).toEqual(["ada", "ada", "ada"]);
    expect(JSON.stringify(record)).not.toContain("argon2");
  });

  test("says what PostgreSQL refused, although it is neither JSON nor text, and leaves the hash out of that as well", async () => {
    await register("ada");
    const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
    const cut = `{"user_id":"ada","password_hash":"${hash.slice(0, 30)}`;
    const bytes = Buffer.concat([Buffer.from(`{"user_id":"ada","password_hash":"${hash}"`), Buffer.from([0xff])]);
    const others = Buffer.from('{"user_id":"ada2"}');
    for (const raw of [others, bytes, Buffer.from(cut)]) {
      await under.redis.lpush(accountDeadKey, toDeadElement({ raw, reason: "test" }, new Date(0)));
    }
    const record = (await (await ask("GET", "/players/ada")).json()) as PlayerRecord;
    const at = new Date(0).toISOString();
    expect(record.dead).toEqual([
      { at, reason: "test", event: '{"user_id":"ada","password_hash":"…' },
      {
        at,
        reason: "test",
        event: Buffer.from('{"user_id":"ada","password_hash":""\xff', "latin1").toString("base64"),
      },
    ]);
  });

  test("of an unknown player is 404", async () => {
    expect((await ask("GET", "/players/nobody")).status).toBe(404);
  });
});

describe("write", () => {
  test("sets, adds and creates for a player, on any board", async () => {
    await register("ada");
    const set = await ask("POST", "/players/ada/score", { operation: "set", value: 10 });
    expect([set.status, await set.json()]).toMatchObject([200, { user_id: "ada", score: 10, rank: 1, region: "EU" }]);
    const added = await ask("POST", "/players/ada/score", { operation: "add", value: -3 });
    expect(await added.json()).toMatchObject({ score: 7 });
    const create = { operation: "create", value: 1, board: "weekly" };
    expect((await ask("POST", "/players/ada/score", create)).status).toBe(201);
    expect((await ask("POST", "/players/ada/score", create)).status).toBe(409);
  });

  test("under a key counts once, and meets no answer to the player's own key", async () => {
    const ada = await register("ada");
    const key = { "Idempotency-Key": "match-42" };
    await ranker.post("/score/add", { delta: 1 }, ada, key);
    const add = () => ask("POST", "/players/ada/score", { operation: "add", value: 10 }, key);
    expect(await (await add()).json()).toMatchObject({ score: 16 });
    const again = await add();
    expect([again.headers.get("Idempotent-Replayed"), await again.json()]).toMatchObject(["true", { score: 16 }]);
  });

  test("for a player of an identity provider, who has no account: as the last write says", async () => {
    const write = (name: string, region: string) =>
      ranker.submit({ userId: "ext", name, region }, { operation: "set", board: "weekly", value: 1 });
    await write("Before", "ASIA");
    await write("Ext", "NA");
    const added = await ask("POST", "/players/ext/score", { operation: "add", value: 2 });
    expect(await added.json()).toMatchObject({ user_id: "ext", name: "Ext", region: "NA", score: 2 });
  });

  test("names an invalid field", async () => {
    const wrong = await ask("POST", "/players/ada/score", { operation: "drop", value: 1.5, more: 1 });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: "invalid_request" }]);
  });
});
