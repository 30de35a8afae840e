import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Session } from "shared/api/accounts";
import { accountKey, accountQueueKey, deviceKey } from "shared/redis/keys";
import { openFences } from "testing/open-fences";
import { flushAll, keysOf } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build({ confirmsAccounts: true });
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  await openFences(under.redis, ranker.topology);
});

const device_id = "7d3f0a52-4e0b-4b0c-9d8a-5a3b1c2d4e6f";
const password = "battery staple";

interface Asked {
  token?: string;
  method?: string;
  on?: Built;
}

async function ask(path: string, body?: object, { token, method = "POST", on = ranker }: Asked = {}) {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const response = await on.app.request(path, init);
  return { status: response.status, body: (await response.json()) as Session & Record<string, unknown> };
}
const guest = (body?: object) => ask("/auth/guest", body);
const asAdmin = () => ranker.tokens.issueOperator({ name: "root" }, 60);
/** A token is looked up once a second at most: another ranker has not seen it. */
const another = () => under.build({ confirmsAccounts: true });

describe("POST /auth/guest", () => {
  test("without a device_id each call makes a player, with an id of our own and a name to show", async () => {
    const [one, two] = await Promise.all([guest({ region: "EU" }), guest({ region: "EU" })]);
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.body.user.user_id).toMatch(/^guest-[0-9a-hjkmnp-tv-z]{16}$/);
    expect(one.body.user.name).toMatch(/^Guest \d{4}$/);
    expect(one.body.user.user_id).not.toBe(two.body.user.user_id);
    expect((await ask("/score/submit", { score: 5 }, { token: one.body.token })).body).toMatchObject({ rank: 1 });
  });

  test("a device_id finds its player again, also with another name and region", async () => {
    const first = await guest({ device_id, name: "Ada", region: "EU" });
    expect(first).toMatchObject({ status: 201, body: { user: { name: "Ada", region: "EU" } } });
    const again = await guest({ device_id, name: "Eve", region: "NA" });
    expect(again).toMatchObject({ status: 200, body: { user: first.body.user } });
    expect(await guest({ device_id })).toMatchObject({ status: 200, body: { user: first.body.user } });
    expect((await ask("/score/submit", { score: 5 }, { token: again.body.token })).status).toBe(200);
  });

  test("calls with one device_id at once make one player and one event", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => guest({ device_id, region: "EU" })));
    expect(new Set(answers.map(({ body }) => body.user.user_id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await under.redis.llen(accountQueueKey)).toBe(1);
  });

  test("only a hash of the device_id is kept", async () => {
    const { body } = await guest({ device_id, region: "EU" });
    const account = await under.redis.hgetall(accountKey(body.user.user_id));
    expect(account.device_hash).toMatch(/^[\w-]{43}$/);
    const [event = ""] = await under.redis.lrange(accountQueueKey, 0, -1);
    const { updated_at, ...rest } = account;
    expect(JSON.parse(event)).toEqual({ user_id: body.user.user_id, ...rest, updated_at });
    expect([event, JSON.stringify(account), (await keysOf(under.redis, "*")).join(" ")].join(" ")).not.toContain(
      device_id,
    );
    expect(await under.redis.get(deviceKey(account.device_hash ?? ""))).toBe(body.user.user_id);
  });

  test("after an erasure the device_id makes a new player, and the tokens from before write no more", async () => {
    const { body } = await guest({ device_id, region: "EU" });
    const { user_id } = body.user;
    expect(await keysOf(under.redis, "device:*")).toHaveLength(1);
    const erased = await ask(`/players/${user_id}`, undefined, { token: await asAdmin(), method: "DELETE" });
    expect(erased.body).toMatchObject({ account: true });
    expect(await keysOf(under.redis, "device:*")).toEqual([]);
    const next = await guest({ device_id, region: "NA" });
    expect(next).toMatchObject({ status: 201, body: { user: { region: "NA" } } });
    expect(next.body.user.user_id).not.toBe(user_id);
    const on = await another();
    expect((await ask("/score/submit", { score: 5 }, { token: body.token, on })).body.code).toBe("invalid_token");
  });

  test("a device that tells a player who is not there any more makes a new one", async () => {
    const { body } = await guest({ device_id, region: "EU" });
    await under.redis.del(accountKey(body.user.user_id));
    expect((await guest({ device_id, region: "EU" })).status).toBe(201);
    expect((await guest({ device_id, region: "EU" })).status).toBe(200);
  });

  test("a new player needs a region where there are several, and bad fields are named", async () => {
    for (const [body, field] of [
      [{}, "region"],
      [undefined, "region"],
      [{ device_id: "short", region: "EU" }, "device_id"],
      [{ device_id: "x".repeat(129), region: "EU" }, "device_id"],
      [{ region: "EU", name: " " }, "name"],
      [{ region: "EU", user_id: "ada" }, "user_id"],
    ] as const) {
      expect(await guest(body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    }
    expect(await under.redis.llen(accountQueueKey)).toBe(0);
  });

  test("with GUESTS=off it is closed, and with the queue full nothing is made", async () => {
    const closed = await under.build({ guestsOpen: false });
    expect((await ask("/auth/guest", { region: "EU" }, { on: closed })).body.code).toBe("registration_closed");
    const full = await under.build({ queueMax: 0 });
    expect((await ask("/auth/guest", { device_id, region: "EU" }, { on: full })).body.code).toBe("queue_full");
    expect(await keysOf(under.redis, "device:*")).toEqual([]);
  });
});

describe("POST /auth/password", () => {
  test("a guest sets a password, logs in with it, and tokens and the device_id from before are refused", async () => {
    const { body } = await guest({ device_id, region: "EU" });
    const { user_id } = body.user;
    const set = await ask("/auth/password", { password }, { token: body.token });
    expect(set).toMatchObject({ status: 200, body: { user: body.user } });
    const on = await another();
    expect((await ask("/score/submit", { score: 5 }, { token: body.token, on })).body.code).toBe("invalid_token");
    expect((await ask("/score/submit", { score: 5 }, { token: set.body.token, on })).status).toBe(200);
    expect((await ask("/auth/login", { user_id, password }, { on })).body.user).toEqual(body.user);
    expect((await guest({ device_id, region: "EU" })).body.code).toBe("bad_credentials");
  });

  test("a change needs the old password; wrong ones count as failed logins", async () => {
    const { body } = await ask("/auth/register", { user_id: "ada", name: "Ada", region: "EU", password });
    const change = (fields: object) => ask("/auth/password", fields, { token: body.token });
    const next = "correct horse";
    expect((await change({ password: next })).body).toMatchObject({ errors: [{ field: "old_password" }] });
    expect((await change({ password: "ADA", old_password: password })).body).toMatchObject({ code: "invalid_request" });
    expect((await change({ password: "password1", old_password: password })).body.code).toBe("invalid_request");
    const tries = await Promise.all(Array.from({ length: 11 }, () => change({ password: next, old_password: "x" })));
    const codes = tries.map(({ body }) => body.code).toSorted();
    expect(codes).toEqual([...Array(10).fill("bad_credentials"), "rate_limited"]);
    for (const key of await keysOf(under.redis, "bucket:*")) await under.redis.del(key);
    const changed = await change({ password: next, old_password: password });
    expect(changed.status).toBe(200);
    expect((await ask("/auth/login", { user_id: "ada", password })).body.code).toBe("bad_credentials");
    expect((await ask("/auth/login", { user_id: "ada", password: next })).status).toBe(200);
    // The second of two changes with one token is refused, on every ranker.
    expect((await change({ password, old_password: next })).body.code).toBe("invalid_token");
  });

  test("a player without a password gives no old one, and the event has the change", async () => {
    const { body } = await guest({ region: "EU" });
    const refused = await ask("/auth/password", { password, old_password: "x" }, { token: body.token });
    expect(refused.body).toMatchObject({ errors: [{ field: "old_password" }] });
    await ask("/auth/password", { password }, { token: body.token });
    const account = await under.redis.hgetall(accountKey(body.user.user_id));
    const [event = ""] = await under.redis.lrange(accountQueueKey, 0, 0);
    expect(JSON.parse(event)).toEqual({ user_id: body.user.user_id, ...account });
    expect(account.password_at).toBe(account.updated_at as string);
  });

  test("an admin gives a random password, which ends the tokens from before", async () => {
    const { body } = await guest({ device_id, region: "EU" });
    const { user_id } = body.user;
    const reset = await ask(`/players/${user_id}/password`, { reason: "lost" }, { token: await asAdmin() });
    expect(reset).toMatchObject({ status: 200, body: { user_id } });
    expect(reset.body.password).toMatch(/^[\w-]{16}$/);
    const on = await another();
    expect((await ask("/score/submit", { score: 5 }, { token: body.token, on })).body.code).toBe("invalid_token");
    expect((await guest({ device_id, region: "EU" })).body.code).toBe("bad_credentials");
    expect((await ask("/auth/login", { user_id, password: reset.body.password as string })).status).toBe(200);
    expect((await ask("/players/nobody/password", {}, { token: await asAdmin() })).body.code).toBe("not_found");
  });
});

describe("POST /auth/refresh", () => {
  test("a token that holds is answered with another one, of the account's name", async () => {
    const { body } = await guest({ region: "EU" });
    const fresh = await ask("/auth/refresh", undefined, { token: body.token });
    expect(fresh).toMatchObject({ status: 200, body: { user: body.user } });
    expect((await ask("/score/submit", { score: 5 }, { token: fresh.body.token })).status).toBe(200);
  });

  test("a token of an erased account, or from before another password, is refused", async () => {
    const { body } = await guest({ region: "EU" });
    await ask("/auth/refresh", undefined, { token: body.token }); // this ranker remembers the token
    await ask("/auth/password", { password }, { token: body.token });
    expect((await ask("/auth/refresh", undefined, { token: body.token })).body.code).toBe("invalid_token");
    const gone = await guest({ region: "EU" });
    await ask(`/players/${gone.body.user.user_id}`, undefined, { token: await asAdmin(), method: "DELETE" });
    expect((await ask("/auth/refresh", undefined, { token: gone.body.token })).body.code).toBe("invalid_token");
  });

  test("a session with a password goes on for 90 days after the login, a guest's without an end", async () => {
    const { body } = await guest({ region: "EU" });
    const old = Math.floor(Date.now() / 1000) - 91 * 24 * 3600;
    const tokenOf = async (token: string) =>
      ranker.tokens.issue({ ...(await ranker.tokens.verify(token)), loggedInAt: old });
    const refreshed = await ask("/auth/refresh", undefined, { token: await tokenOf(body.token) });
    expect(refreshed.status).toBe(200);
    expect((await ranker.tokens.verify(refreshed.body.token)).loggedInAt).toBe(old);
    const set = await ask("/auth/password", { password }, { token: body.token });
    const late = await ask("/auth/refresh", undefined, { token: await tokenOf(set.body.token) });
    expect(late.body).toMatchObject({ code: "invalid_token", detail: expect.stringContaining("too old") });
    expect((await ask("/auth/refresh", undefined, { token: set.body.token })).status).toBe(200);
  });
});

describe("PATCH /auth/me", () => {
  const rename = (token: string, name: string) => ask("/auth/me", { name }, { token, method: "PATCH" });

  test("the name is on all boards, in the account, and in what older tokens go on to write", async () => {
    const { body } = await guest({ region: "EU", name: "Ada" });
    const { user_id } = body.user;
    for (const board of ["main", "weekly"]) await ask("/score/submit", { score: 5, board }, { token: body.token });
    const renamed = await rename(body.token, " Grace ");
    expect(renamed.body.user).toEqual({ ...body.user, name: "Grace" });
    for (const board of ["main", "weekly"]) {
      expect(await ranker.boards.rank("EU", board, user_id)).toMatchObject({ name: "Grace" });
    }
    const { body: written } = await ask("/score/submit", { score: 6 }, { token: body.token });
    expect(written).toMatchObject({ name: "Grace" });
    expect(await under.redis.hget(accountKey(user_id), "name")).toBe("Grace");
    expect((await rename(renamed.body.token, "Hopper")).status).toBe(200);
    expect((await rename(renamed.body.token, "Hopper")).status).toBe(200);
    expect(await ranker.boards.rank("EU", "main", user_id)).toMatchObject({ name: "Hopper" });
  });

  test("a name that an operator gave stays, and the refusal costs no permit", async () => {
    const { body } = await guest({ region: "EU" });
    const { user_id } = body.user;
    await ask("/score/submit", { score: 5 }, { token: body.token });
    await rename(body.token, "Rude");
    await ask(`/players/${user_id}/rename`, { name: "Player 7" }, { token: await asAdmin() });
    for (let n = 0; n < 6; n++) expect((await rename(body.token, "Rude")).body.code).toBe("name_given");
    expect(await ranker.boards.rank("EU", "main", user_id)).toMatchObject({ name: "Player 7" });
    expect(await under.redis.hget(accountKey(user_id), "name")).toBe("Rude");
  });

  test("five names a day are followed by rate_limited with the time until the next", async () => {
    const { body } = await guest({ region: "EU" });
    for (let n = 0; n < 5; n++) expect((await rename(body.token, `Name ${n}`)).status).toBe(200);
    expect((await rename(body.token, "Name 5")).body.code).toBe("rate_limited");
    expect((await rename(body.token, "")).body.code).toBe("invalid_request");
  });
});
