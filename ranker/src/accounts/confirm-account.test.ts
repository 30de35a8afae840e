import { afterAll, beforeAll, beforeEach, describe, expect, mock, spyOn, test } from "bun:test";
import type { Identity } from "shared/auth/tokens";
import { createLog } from "shared/log/log";
import { accountKey } from "shared/redis/keys";
import { connectRedis, primariesOf, type Redis } from "shared/redis/redis";
import { flushAll, pause, sizeOf } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { createConfirmAccount } from "./confirm-account.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  ranker = await under.build({ confirmsAccounts: true }); // nothing confirmed yet
});

const ada = { user_id: "ada", name: "Ada", region: "EU" };
const refused = { code: "invalid_token", status: 401 };

/** A clock that stands still until it is set, and the number of scripts sent to the store since. */
function build(redis: Redis) {
  mock.restore();
  const spies = primariesOf(redis).map((node) => spyOn(node, "evalsha"));
  const clock = {
    nowMs: 0,
    get asked() {
      return spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    },
  };
  return { clock, confirm: createConfirmAccount(redis, { now: () => clock.nowMs }) };
}

describe("a write with a token from a login", () => {
  const writes: [route: string, body: object][] = [
    ["/score/create", { initialScore: 1 }],
    ["/score/update", { score: 1 }],
    ["/score/add", { delta: 1 }],
  ];

  async function refusal(identity: Identity): Promise<unknown[]> {
    const before = await sizeOf(under.redis);
    const answers = [];
    for (const [route, body] of writes) {
      const response = await ranker.post(route, body, identity);
      const { code } = (await response.json()) as { code: string };
      answers.push([response.status, code, response.headers.get("WWW-Authenticate")]);
    }
    expect(await sizeOf(under.redis)).toBe(before);
    return answers;
  }
  const allRefused = writes.map(() => [401, "invalid_token", 'Bearer error="invalid_token"']);

  test("stands while the account does", async () => {
    const registered = await ranker.accounts.register(ada);
    const loggedIn = await ranker.accounts.login(ada);
    expect((await ranker.post("/score/create", { initialScore: 1 }, registered)).status).toBe(201);
    expect((await ranker.post("/score/add", { delta: 1 }, loggedIn)).status).toBe(200);
  });

  test("is refused once the account is removed, and nothing is written", async () => {
    const identity = await ranker.accounts.register(ada);
    await under.redis.del(accountKey("ada"));
    expect(await refusal(identity)).toEqual(allRefused);
  });

  test("is refused once another player has registered the id, and nothing is written", async () => {
    const identity = await ranker.accounts.register(ada);
    await under.redis.del(accountKey("ada"));
    const other = await ranker.accounts.register(ada);
    expect(await refusal(identity)).toEqual(allRefused);
    expect((await ranker.post("/score/add", { delta: 1 }, other)).status).toBe(200);
  });

  test("is refused once the player lives in another region, and nothing is written", async () => {
    const identity = await ranker.accounts.register(ada);
    await under.redis.hset(accountKey("ada"), "region", "NA");
    expect(await refusal(identity)).toEqual(allRefused);
    expect(
      (await ranker.post("/score/add", { delta: 1 }, await ranker.accounts.login({ ...ada, region: "NA" }))).status,
    ).toBe(200);
  });

  test("is refused when it names no account at all", async () => {
    await ranker.accounts.register(ada);
    expect(await refusal({ userId: "ada", name: "Ada", region: "EU" })).toEqual(allRefused);
    expect(await refusal({ userId: "bob", name: "Bob", region: "EU" })).toEqual(allRefused);
  });
});

describe("the store of accounts is asked", () => {
  test("once a second for a player who writes all the time, and notices a removal by then", async () => {
    const identity = await ranker.accounts.register(ada);
    const { clock, confirm } = build(under.redis);
    await confirm(identity);
    await under.redis.del(accountKey("ada"));
    clock.nowMs = 999;
    await confirm(identity);
    expect(clock.asked).toBe(1);
    clock.nowMs = 1_000;
    await expect(confirm(identity)).rejects.toMatchObject(refused);
  });

  test("again after a refusal, since the account may be restored", async () => {
    const identity = await ranker.accounts.register(ada);
    const account = await under.redis.hgetall(accountKey("ada"));
    await flushAll(under.redis);
    const { confirm } = build(under.redis);
    await expect(confirm(identity)).rejects.toMatchObject(refused);
    await under.redis.hset(accountKey("ada"), account);
    await confirm(identity);
  });

  test("once for a hundred writes of one player at the same time", async () => {
    const identity = await ranker.accounts.register(ada);
    const { clock, confirm } = build(under.redis);
    await Promise.all(Array.from({ length: 100 }, () => confirm(identity)));
    expect(clock.asked).toBe(1);
  });

  test("for each account apart, also for two with the same id", async () => {
    const identity = await ranker.accounts.register(ada);
    const { confirm } = build(under.redis);
    await confirm(identity);
    await expect(confirm({ ...identity, account: "1" })).rejects.toMatchObject(refused);
    await expect(confirm({ ...identity, region: "NA" })).rejects.toMatchObject(refused);
  });
});

describe("while the store of accounts does not answer", () => {
  const identity: Identity = { userId: "ada", name: "Ada", region: "EU", account: "1" };

  test("the token decides, and the store is left alone for half a second", async () => {
    const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
    const { clock, confirm } = build(down);
    await confirm(identity);
    clock.nowMs = 499;
    await confirm(identity);
    expect(clock.asked).toBe(1);
    clock.nowMs = 500;
    await confirm(identity);
    expect(clock.asked).toBe(2);
    down.disconnect();
  });

  test("a player of the identity provider goes on if ever confirmed, and is unavailable otherwise", async () => {
    const own = await startUnderTest();
    await own.build();
    const { clock, confirm } = build(own.redis);
    const grace: Identity = { userId: "grace", name: "Grace", region: "EU", isExternal: true };
    const heidi = { ...grace, userId: "heidi" };
    await confirm(grace);
    await confirm(heidi);
    await own.redis.hset(accountKey("heidi"), { created_at: "1", region: "EU" });
    clock.nowMs = 1_000;
    await expect(confirm(heidi)).rejects.toMatchObject(refused);
    await own.close();
    clock.nowMs = 3_600_000;
    await confirm(grace);
    const unavailable = { code: "unavailable", status: 503 };
    await expect(confirm(heidi)).rejects.toMatchObject(unavailable);
    await expect(confirm({ ...grace, userId: "ivan" })).rejects.toMatchObject(unavailable);
    await expect(confirm({ ...grace, region: "NA" })).rejects.toMatchObject(unavailable);
  });

  test("one write waits for a hanging store, for a bounded time, and later writes do not ask it", async () => {
    const { clock, confirm } = build(under.redis);
    await pause(under.redis, 350);
    await Promise.all(Array.from({ length: 20 }, (_, n) => confirm({ ...identity, userId: `p${n}` })));
    expect(clock.asked).toBe(20);
    await confirm(identity);
    expect(clock.asked).toBe(20);
    await under.redis.ping(); // the pause is over
    clock.nowMs = 500;
    await expect(confirm(identity)).rejects.toMatchObject(refused);
  });
});
