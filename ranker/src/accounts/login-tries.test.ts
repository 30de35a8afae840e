import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { loginBucketKey } from "shared/redis/keys";
import { flushAll, keysOf } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build({ passwordsRequired: true });
});
afterAll(() => under.close());
beforeEach(async () => {
  await flushAll(under.redis);
  await ranker.accounts.register({ user_id: "ada", name: "Ada", region: "EU", password });
});

const password = "correct horse";
const HOME = "203.0.113.9";

interface Answered {
  status: number;
  code: string | undefined;
  retryAfter: string | null;
}

async function login(tried: string, { user_id = "ada", from = HOME, ...rest } = {}): Promise<Answered> {
  const body = { user_id, password: tried, ...rest };
  const response = await ranker.post("/auth/login", body, undefined, { "X-Real-IP": from });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code, retryAfter: response.headers.get("Retry-After") };
}

const badCredentials = { status: 401, code: "bad_credentials", retryAfter: null };
// A try comes back every 30 seconds, counted from the start of the test.
const limited = { status: 429, code: "rate_limited", retryAfter: expect.stringMatching(/^(2\d|30)$/) };
const entered = { status: 200, code: undefined, retryAfter: null };

async function fail(times: number, options = {}): Promise<Answered[]> {
  const answers = [];
  for (let n = 0; n < times; n++) answers.push(await login("wrong", options));
  return answers;
}

/** Moves the last try into the past, in both buckets. */
async function letPass(seconds: number, network = HOME): Promise<void> {
  for (const key of [loginBucketKey("ada", network), loginBucketKey("ada")]) {
    const [level, at] = ((await under.redis.get(key)) ?? "").split(" ");
    await under.redis.set(key, `${level} ${Number(at) - seconds * 1_000_000}`, "KEEPTTL");
  }
}

describe("failed logins of one player", () => {
  test("are ten, then 429 also for the right password, until Retry-After has passed", async () => {
    expect(await fail(10)).toEqual(Array.from({ length: 10 }, () => badCredentials));
    expect(await login("wrong")).toEqual(limited);
    const denied = await login(password);
    expect(denied).toEqual(limited);
    await letPass(Number(denied.retryAfter));
    expect(await login(password)).toEqual(entered);
    expect(await login("wrong")).toEqual(badCredentials); // the right password did not use up the try
    expect(await login("wrong")).toEqual(limited);
  });

  test("are limited alike for a user_id that does not exist", async () => {
    const expected = [...Array.from({ length: 10 }, () => badCredentials), limited, limited];
    expect(await fail(12, { user_id: "nobody" })).toEqual(expected);
    expect(await fail(12)).toEqual(expected);
  });

  test("fifty at once are ten tries", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => login("wrong")));
    expect(answers.filter(({ code }) => code === "bad_credentials")).toHaveLength(10);
    expect(answers.filter(({ code }) => code === "rate_limited")).toHaveLength(40);
  });

  test("cost no other player a try", async () => {
    await fail(11);
    expect(await login("wrong", { user_id: "bob" })).toEqual(badCredentials);
  });

  test("from one network do not lock the player out on another network", async () => {
    await fail(11, { from: "198.51.100.7" });
    expect(await login(password)).toEqual(entered);
    expect(await login(password, { from: "198.51.100.7" })).toEqual(limited);
  });

  test("from the addresses of one IPv6 network count together", async () => {
    for (let n = 0; n < 10; n++) await login("wrong", { from: `2001:db8:1:2::${n}` });
    expect(await login(password, { from: "2001:db8:1:2:ffff::1" })).toEqual(limited);
    expect(await login(password, { from: "2001:db8:1:3::1" })).toEqual(entered);
  });

  test("from one household are twice those of an address, from one site four times, and lock no player out elsewhere", async () => {
    let tries = 0;
    const tryFrom = async (subnet: string) => {
      for (let n = 0; n < 10; n++)
        if ((await login("wrong", { from: `2001:db8:1:${subnet}::1` })).status === 401) tries++;
    };
    for (let subnet = 0; subnet < 10; subnet++) await tryFrom(subnet.toString(16));
    expect(tries).toBe(20);
    for (let subnet = 1; subnet < 10; subnet++) await tryFrom(`${subnet.toString(16)}00`);
    expect(tries).toBe(40);
    expect(await login(password)).toEqual(entered);
  });

  test("from an IPv4-mapped address count as those from its IPv4 address, and not as those from ::1", async () => {
    await fail(11, { from: "::1" });
    await fail(10, { from: "::ffff:198.51.100.7" });
    expect(await login(password, { from: "198.51.100.7" })).toEqual(limited);
    expect(await login(password, { from: "::ffff:c633:6408" })).toEqual(entered);
  });

  test("are counted on after Redis' clock was set back by an hour, until Retry-After has passed", async () => {
    await fail(10);
    await letPass(-3600);
    expect(await login(password)).toEqual(limited); // stores the time of now
    await letPass(30);
    expect(await login(password)).toEqual(entered);
  });

  test("from ten networks use up the tries of all networks, also where a client claims any address", async () => {
    expect(await login("wrong")).toEqual(badCredentials);
    expect(await under.redis.get(loginBucketKey("ada"))).toStartWith("99000000 "); // of a hundred
    const [seconds = 0] = await under.redis.time();
    await under.redis.set(loginBucketKey("ada"), `0 ${seconds}000000`);
    const denied = await login(password, { from: "192.0.2.55" });
    expect(denied).toEqual({ ...limited, retryAfter: expect.stringMatching(/^[123]$/) });
    await letPass(Number(denied.retryAfter));
    expect(await login(password, { from: "192.0.2.55" })).toEqual(entered);
  });

  test("from clients without a valid address count together", async () => {
    for (let n = 0; n < 10; n++) await login("wrong", { from: `made-up-${n}` });
    expect(await login(password, { from: "made-up-10" })).toEqual(limited);
  });
});

describe("no try is used up by", () => {
  test("a right password, however often", async () => {
    for (let n = 0; n < 12; n++) expect(await login(password)).toEqual(entered);
    expect(await fail(11)).toEqual([...Array.from({ length: 10 }, () => badCredentials), limited]);
  });

  test("a wrong region beside it", async () => {
    const wrongRegion = { status: 403, code: "wrong_region", retryAfter: null };
    for (let n = 0; n < 12; n++) expect(await login(password, { region: "NA" } as object)).toEqual(wrongRegion);
  });

  test("a login that could not be judged", async () => {
    await under.redis.set("account:{accounts}:eve", "no account"); // a wrong type: Redis refuses to read it
    for (let n = 0; n < 12; n++) expect((await login(password, { user_id: "eve" })).status).toBe(500);
  });
});

test("the buckets are gone once they are full again", async () => {
  await fail(1);
  for (const key of await keysOf(under.redis, "bucket:*")) expect(await under.redis.pttl(key)).toBeWithin(1, 30_002);
});
