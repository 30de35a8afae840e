import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLimiter } from "shared/limits/rate-limit";
import { createLog } from "shared/log/log";
import { accountKey } from "shared/redis/keys";
import { configure, flushAll } from "testing/whole-store";
import { type Built, LOGIN_LIMIT, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { createAccounts } from "./accounts.ts";
import { createCountTry } from "./login-tries.ts";
import type { Passwords } from "./passwords/passwords.ts";

let under: UnderTest;
let optional: Built;
let required: Built;
beforeAll(async () => {
  under = await startUnderTest();
  optional = await under.build();
  required = await under.build({ passwordsRequired: true });
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const ada = { user_id: "ada", name: "Ada", region: "EU" };
const password = "correct horse";
const badCredentials = { code: "bad_credentials", status: 401 };

test("a registration that Redis refuses leaves neither the password nor its hash in the log", async () => {
  const lines: string[] = [];
  const log = createLog("test", "trace", { write: (line) => void lines.push(line) });
  const ranker = await under.build({ passwordsRequired: true, log });
  await configure(under.redis, "maxmemory", "1");
  try {
    expect((await ranker.post("/auth/register", { ...ada, password })).status).toBe(503);
  } finally {
    await configure(under.redis, "maxmemory", "0");
  }
  expect(lines.join("")).toContain("OOM");
  expect(lines.join("")).not.toMatch(/argon2|correct horse/);
});

describe("registration", () => {
  test.each(["\u3164", "\u200b", "a\u2028b", " ", "\u0301"])("the name %j is refused, and named", async (name) => {
    const response = await optional.post("/auth/register", { ...ada, name });
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ field: "name" }] }]);
  });

  test("the account and its event are written together; the password is kept as argon2id alone", async () => {
    await optional.accounts.register({ ...ada, password });
    const { password_hash: hash = "", ...account } = await under.redis.hgetall(accountKey("ada"));
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const [event = ""] = await under.redis.lrange("queue:accounts:{accounts}", 0, -1);
    expect(JSON.parse(event)).toEqual({ ...ada, ...account, password_hash: hash });
    expect(JSON.stringify([event, account])).not.toContain(password);
  });

  test("of concurrent registrations of a user_id one succeeds, over all regions", async () => {
    const attempts = await Promise.allSettled(
      ["EU", "NA", "ASIA", "EU"].map((region) => optional.accounts.register({ ...ada, region })),
    );
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const region of ["EU", "NA"]) {
      const again = optional.accounts.register({ ...ada, region });
      await expect(again).rejects.toMatchObject({ code: "user_exists", status: 409 });
    }
    expect(await under.redis.llen("queue:accounts:{accounts}")).toBe(1);
  });

  test("a registration with the queue full is queue_full, and the user_id stays free", async () => {
    const bounded = await under.build({ queueMax: 1 });
    await bounded.accounts.register(ada);
    const bob = { ...ada, user_id: "bob" };
    await expect(bounded.accounts.register(bob)).rejects.toMatchObject({ code: "queue_full", status: 429 });
    await under.redis.del("queue:accounts:{accounts}");
    await bounded.accounts.register(bob);
  });

  test("a registration with an initial score and the player's queue full is queue_full, and the user_id stays free", async () => {
    const bounded = await under.build({ queueMax: 1 });
    await bounded.submit({ userId: "eve", name: "Eve", region: "EU" }, { operation: "set", board: "main", value: 5 });
    const registration = bounded.accounts.register({ ...ada, initialScore: 77 });
    await expect(registration).rejects.toMatchObject({ code: "queue_full", status: 429 });
    expect(await under.redis.exists(accountKey("ada"))).toBe(0);
    await under.redis.del("queue:scores:{EU}");
    await bounded.accounts.register({ ...ada, initialScore: 77 });
    expect(await bounded.boards.rank("EU", "main", "ada")).toMatchObject({ score: 77 });
  });

  test("an initial score that is refused after the account was made is outcome_unknown, and follows with a login", async () => {
    await under.redis.sadd("leaderboard:{EU}", "not what belongs here");
    const registration = optional.accounts.register({ ...ada, initialScore: 77 });
    await expect(registration).rejects.toMatchObject({ code: "outcome_unknown", status: 503 });
    await under.redis.del("leaderboard:{EU}");
    await optional.accounts.login(ada);
    expect(await optional.boards.rank("EU", "main", "ada")).toMatchObject({ score: 77 });
  });

  test("an initial score that a crash kept from the board is written at the next login", async () => {
    await optional.accounts.register(ada);
    await under.redis.hset(accountKey("ada"), "initial_score", "77");
    await optional.accounts.login(ada);
    expect(await optional.boards.rank("EU", "main", "ada")).toMatchObject({ score: 77 });
    expect(await under.redis.hexists(accountKey("ada"), "initial_score")).toBe(0);
  });

  test("a late initial score never overwrites a score that was played since", async () => {
    await optional.accounts.register(ada);
    await under.redis.hset(accountKey("ada"), "initial_score", "77");
    await optional.submit({ userId: "ada", name: "Ada", region: "EU" }, { operation: "set", board: "main", value: 5 });
    await optional.accounts.login(ada);
    expect(await optional.boards.rank("EU", "main", "ada")).toMatchObject({ score: 5 });
  });
});

describe("a main board that players may not enter with any score", () => {
  test.each([
    [{ writers: "operators" }, "board_read_only"],
    [{ operators: ["set"] }, "operator_not_allowed"],
    [{ bounds: { max: 9 } }, "score_out_of_bounds"],
  ])(
    "%j: a registration with a score is refused before there is an account, and a login does not fail",
    async (fields, code) => {
      const ranker = await under.build(); // one that has not read the board of another test
      await ranker.accounts.register(ada);
      await under.redis.hset(accountKey("ada"), "initial_score", "77");
      const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "If-Match": '"0"' };
      const changed = ranker.app.request("/boards/main", { method: "PATCH", headers, body: JSON.stringify(fields) });
      expect((await changed).status).toBe(200);
      await expect(ranker.accounts.register({ ...ada, user_id: "bob", initialScore: 10 })).rejects.toMatchObject({
        code,
      });
      expect(await under.redis.exists(accountKey("bob"))).toBe(0);
      await ranker.accounts.login(ada);
      expect(await under.redis.hexists(accountKey("ada"), "initial_score")).toBe(0);
      await expect(ranker.boards.rank("EU", "main", "ada")).rejects.toMatchObject({ code: "not_ranked" });
    },
  );

  test("a first score with a fraction is refused by its name, and no player is registered", async () => {
    const answer = await optional.post("/auth/register", { ...ada, initialScore: 1.5 });
    expect(await answer.json()).toMatchObject({ code: "invalid_request", errors: [{ field: "initialScore" }] });
    expect(await under.redis.exists(accountKey("ada"))).toBe(0);
  });
});

describe("login", () => {
  test("with a password, with or without the name", async () => {
    const identity = await required.accounts.register({ ...ada, password });
    const account = await under.redis.hget(accountKey("ada"), "created_at");
    expect(identity).toEqual({ userId: "ada", name: "Ada", region: "EU", account: account ?? "" });
    expect(await required.accounts.login({ user_id: "ada", password })).toEqual(identity);
    expect(await required.accounts.login({ ...ada, password })).toEqual(identity);
  });

  test("without a password, by user_id and name, where passwords are optional", async () => {
    await optional.accounts.register(ada);
    expect(await optional.accounts.login({ user_id: "ada", name: "Ada" })).toMatchObject({ userId: "ada" });
  });

  test("names are compared in NFC, without outer white space", async () => {
    const registration = { ...ada, name: " Zoe\u0308 " };
    const registered = await optional.post("/auth/register", registration);
    expect(await registered.json()).toMatchObject({ user: { name: "Zo\u00eb" } });
    for (const name of ["Zo\u00eb", "Zoe\u0308", " Zo\u00eb"]) {
      expect((await optional.post("/auth/login", { user_id: "ada", name })).status).toBe(200);
    }
    expect((await optional.post("/auth/login", { user_id: "ada", name: "Zoe" })).status).toBe(401);
  });

  test.each([
    ["in NFD", "Zoe\u0308", "Zo\u00eb"],
    ["with outer white space", " Zoe ", "Zoe"],
    ["that draws nothing", "\u3164", "\u3164"],
    ["of two lines", "a\u2028b", "a\u2028b"],
  ])("an account of an earlier release with a name %s logs in by it", async (_, kept, tried) => {
    await optional.accounts.register({ ...ada, name: kept });
    for (const name of [kept, tried]) {
      expect((await optional.post("/auth/login", { user_id: "ada", name })).status).toBe(200);
    }
  });

  test.each([
    ["a wrong password", { user_id: "ada", password: "wrong" }],
    ["a wrong name beside the right password", { user_id: "ada", name: "Eve", password }],
    ["no password, although there is one", { user_id: "ada", name: "Ada" }],
    ["an unknown player", { user_id: "bob", name: "Bob" }],
    ["an unknown player and a password", { user_id: "bob", password }],
  ])("%s is bad_credentials, all in the same words", async (_, credentials) => {
    await optional.accounts.register({ ...ada, password });
    await expect(optional.accounts.login(credentials)).rejects.toMatchObject({
      ...badCredentials,
      message: "No player has this user_id with these credentials.",
    });
  });

  test.each([
    ["the name left out", { user_id: "ada" }],
    ["another name", { user_id: "ada", name: "Eve" }],
    ["a password that the player does not have", { user_id: "ada", name: "Ada", password }],
  ])("a player without a password: %s is bad_credentials", async (_, credentials) => {
    await optional.accounts.register(ada);
    await expect(optional.accounts.login(credentials)).rejects.toMatchObject(badCredentials);
  });

  test("where passwords are required, a player without one cannot log in by name", async () => {
    await optional.accounts.register(ada);
    await expect(required.accounts.login({ user_id: "ada", name: "Ada" })).rejects.toMatchObject(badCredentials);
  });

  test("a login with a password costs one hash, also with wrong credentials", async () => {
    await optional.accounts.register(ada);
    await optional.accounts.register({ ...ada, user_id: "bob", password });
    let hashes = 0;
    const passwords: Passwords = {
      waiting: 0,
      hash: () => Promise.reject(new Error("no player registers here")),
      async matches() {
        hashes++;
        return false;
      },
    };
    const { redis } = under;
    const { submit } = optional;
    const countTry = createCountTry(redis, createLimiter(), LOGIN_LIMIT);
    const counted = createAccounts({
      redis,
      submit,
      countTry,
      passwords,
      writeAccount: async () => "user_exists",
      findHome: async () => undefined,
      checkFirstScore: async () => {},
      hasRoom: async () => true,
      passwordsRequired: false,
    });
    const tried = { password: "wrong", region: "NA" };
    for (const user_id of ["nobody", "ada", "bob"]) {
      for (const name of [undefined, "Ada", "Eve"]) {
        hashes = 0;
        await expect(counted.login({ ...tried, user_id, name })).rejects.toMatchObject(badCredentials);
        expect({ user_id, name, hashes }).toEqual({ user_id, name, hashes: 1 });
      }
    }
  });

  test("a region that is not the player's is wrong_region, but only with right credentials", async () => {
    await optional.accounts.register({ ...ada, password });
    const wrong = { user_id: "ada", region: "NA" };
    await expect(optional.accounts.login({ ...wrong, password })).rejects.toMatchObject({ code: "wrong_region" });
    await expect(optional.accounts.login({ ...wrong, password: "x" })).rejects.toMatchObject(badCredentials);
  });

  test("where passwords are required, the body must have one", async () => {
    for (const path of ["/auth/register", "/auth/login"]) {
      const response = await required.post(path, ada);
      expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ field: "password" }] }]);
    }
  });
});
