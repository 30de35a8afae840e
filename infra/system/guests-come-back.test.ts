import { beforeEach, expect, test } from "bun:test";
import type { Session } from "shared/api/accounts";
import { accountKey, deviceKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { readAccountsOf } from "../../drainer/src/rows/read-accounts.ts";
import { startUnderTest } from "../../ranker/test/ranker-under-test.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const both = await forFile(startBothStores());
const { topology, stores, databases } = both.sides;
const { url } = both.redisServer;
const under = await startUnderTest({ redis: stores.home, url, dispose: async () => {} });
const build = () => under.build({ topology, confirmsAccounts: true });
let ranker = await build();
beforeEach(async () => {
  await both.clear();
  ranker = await build();
});

const device_id = "7d3f0a52-4e0b-4b0c-9d8a-5a3b1c2d4e6f";
const password = "battery staple";

async function ask(path: string, body: object, { token, method = "POST" }: { token?: string; method?: string } = {}) {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const response = await ranker.app.request(path, { method, headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Session & { code?: string } };
}
const guest = () => ask("/auth/guest", { device_id, region: "EU" });

/** Empties Redis, and restores it from PostgreSQL, for a ranker that remembers nothing. */
async function loseRedis(): Promise<void> {
  await flushAll(stores.home);
  await restore(both.sides);
  await openFences(stores.home, topology);
  ranker = await build();
}

test("a guest is in both stores, which agree, and a restored Redis finds the guest by the device_id", async () => {
  const { body } = await guest();
  const { user_id } = body.user;
  await both.drain();
  expect(await both.sweep(false)).toEqual([]);
  const account = await stores.home.hgetall(accountKey(user_id));
  const rows = await readAccountsOf(databases.home, [user_id]);
  expect(rows).toEqual([{ user_id, password_at: "", ...account } as (typeof rows)[number]]);
  await loseRedis();
  expect(await stores.home.hgetall(accountKey(user_id))).toEqual(account);
  expect(await guest()).toMatchObject({ status: 200, body: { user: body.user } });
  expect((await ask("/score/submit", { score: 5 }, { token: body.token })).status).toBe(200);
});

test("a password stays changed after a restore: tokens and the device from before stay refused", async () => {
  const { body } = await guest();
  const set = await ask("/auth/password", { password }, { token: body.token });
  const named = await ask("/auth/me", { name: "Grace" }, { token: set.body.token, method: "PATCH" });
  await both.drain();
  expect(await both.sweep(false)).toEqual([]);
  await loseRedis();
  expect((await ask("/score/submit", { score: 5 }, { token: body.token })).body.code).toBe("invalid_token");
  expect((await ask("/score/submit", { score: 5 }, { token: named.body.token })).status).toBe(200);
  expect((await guest()).body.code).toBe("bad_credentials");
  const login = await ask("/auth/login", { user_id: body.user.user_id, password });
  expect(login.body.user).toEqual({ ...body.user, name: "Grace" });
});

test("an older copy of Redis learns of the erasure of a guest, whose device_id then makes a new player", async () => {
  const { body } = await guest();
  const { user_id } = body.user;
  await both.drain();
  const account = await stores.home.hgetall(accountKey(user_id));
  await ranker.erasePlayer(user_id);
  await both.drain();
  expect(await readAccountsOf(databases.home, [user_id])).toEqual([]);
  await flushAll(stores.home);
  await stores.home.hset(accountKey(user_id), account);
  await stores.home.set(deviceKey(account.device_hash ?? ""), user_id);
  await restore(both.sides);
  await openFences(stores.home, topology);
  expect(await stores.home.keys("device:*")).toEqual([]);
  const next = await guest();
  expect(next.status).toBe(201);
  expect(next.body.user.user_id).not.toBe(user_id);
});

test("a repair gives a lost device back to its guest", async () => {
  const { body } = await guest();
  await both.drain();
  const account = await stores.home.hgetall(accountKey(body.user.user_id));
  await stores.home.del(accountKey(body.user.user_id), deviceKey(account.device_hash ?? ""));
  expect(await both.sweep(true)).toMatchObject([{ kind: "entry_missing", isRepaired: true }]);
  expect(await guest()).toMatchObject({ status: 200, body: { user: body.user } });
});
