import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { FlattenedJWSInput } from "jose";
import { type IdentityProvider, makeKey, startIdentityProvider } from "testing/identity-provider";
import { createKeySet } from "./key-set.ts";

const first = await makeKey("ES256", "first");
const second = await makeKey("ES256", "second");
const secret = Buffer.from("a secret that everybody can read, of 32 bytes").toString("base64url");
const unusable = [
  { kty: "oct", k: secret, kid: "first", alg: "HS256" },
  { ...first.jwk, use: "enc" },
  { ...first.jwk, alg: "PS512" },
  { ...first.jwk, x: "not a coordinate" },
  { kid: "first" },
];
const noToken = {} as FlattenedJWSInput;

let provider: IdentityProvider;
let nowMs: number;
beforeEach(() => {
  provider = startIdentityProvider();
  provider.keys = [first.jwk];
  nowMs = 0;
});
afterEach(() => provider.stop());

function build() {
  const failures: unknown[] = [];
  const keySet = createKeySet({
    url: provider.options.jwksUrl,
    elapsed: () => nowMs,
    onFailure: (error) => failures.push(error),
  });
  return { failures, keySet, find: (kid: string) => Promise.resolve(keySet.find({ alg: "ES256", kid }, noToken)) };
}

const unknownKey = { code: "ERR_JWKS_NO_MATCHING_KEY" };
const unavailable = { code: "unavailable", status: 503 };

test("a thousand tokens at once fetch the keys once", async () => {
  const { find } = build();
  await Promise.all(Array.from({ length: 1000 }, () => find("first")));
  expect(provider.fetches).toBe(1);
});

describe("a key that is not among them", () => {
  test("is fetched: a rotation is noticed at once", async () => {
    const { find } = build();
    await find("first");
    nowMs = 5_000;
    provider.keys = [second.jwk];
    expect(await find("second")).toBeDefined();
    await expect(find("first")).rejects.toMatchObject(unknownKey);
    expect(provider.fetches).toBe(2);
  });

  test("makes us ask every five seconds at most, however many are invented", async () => {
    const { find } = build();
    await find("first");
    for (let n = 0; n < 200; n++) {
      nowMs += 100; // twenty seconds in all
      await expect(find(`invented-${n}`)).rejects.toMatchObject(unknownKey);
      expect(await find("first")).toBeDefined();
    }
    expect(provider.fetches).toBe(1 + 4);
  });
});

describe("a provider that is away", () => {
  test("when its keys were never fetched: unavailable, asked once a second at most, until it is back", async () => {
    await provider.stop();
    const { find, failures } = build();
    for (let n = 0; n < 50; n++) {
      nowMs += 50;
      await expect(find("first")).rejects.toMatchObject(unavailable);
    }
    expect(failures).toHaveLength(1);
    provider.start();
    nowMs += 1_000;
    expect(await find("first")).toBeDefined();
    expect(provider.fetches).toBe(1);
  });

  test("later: keys that were fetched once go on being used, however old", async () => {
    const { find, failures } = build();
    await find("first");
    await provider.stop();
    for (let hour = 1; hour <= 48; hour++) {
      nowMs = hour * 3_600_000;
      expect(await find("first")).toBeDefined();
    }
    await expect(find("second")).rejects.toMatchObject(unavailable);
    expect(failures).toHaveLength(1);
  });

  test.each([
    ["an error", () => new Response("", { status: 500 })],
    ["a redirect", () => Response.redirect("http://127.0.0.1:1/")],
    ["no JSON", () => new Response("<html>")],
    ["no key set", () => Response.json({ keys: "none" })],
    ["an empty key set", () => Response.json({ keys: [] })],
    ["a set of keys that cannot be used", () => Response.json({ keys: [...unusable, null, 5, "key"] })],
    ["more than it may", () => Response.json({ keys: [first.jwk], padding: "x".repeat(300 * 1024) })],
  ])("is one that answers with %s: the keys of before stay", async (_, answer) => {
    const { find, failures } = build();
    await find("first");
    provider.answer = answer;
    nowMs = 3_600_000;
    await expect(find("second")).rejects.toMatchObject(unavailable);
    expect(await find("first")).toBeDefined();
    expect(failures).toHaveLength(1);
  });
});

describe("a provider that is slow", () => {
  test("keeps nobody waiting whose key is known, and others for less than a second", async () => {
    const { find, failures } = build();
    await find("first");
    provider.answer = () => new Promise<Response>(() => {});
    nowMs = 119_999;
    const startedAt = performance.now();
    expect(await find("first")).toBeDefined();
    expect(failures).toEqual([]); // the question is still open
    await expect(find("second")).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("in the midst of its answer is no better", async () => {
    const { find } = build();
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
    provider.answer = () => new Response(endless);
    const startedAt = performance.now();
    await expect(find("first")).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("old keys are renewed behind the back of those who use them", async () => {
    const { find } = build();
    await find("first");
    provider.keys = [first.jwk, second.jwk];
    nowMs = 60_000;
    await find("first");
    nowMs = 60_001;
    await find("second");
    expect(provider.fetches).toBe(2);
  });

  test("after a pause of two minutes the next one waits for new keys: a withdrawn key is not among them", async () => {
    const { find } = build();
    await find("first");
    provider.keys = [second.jwk];
    nowMs = 120_000;
    await expect(find("first")).rejects.toMatchObject(unknownKey);
    expect(provider.fetches).toBe(2);
  });
});

test("keys that cannot be used are left out, and do not keep the others from being used", async () => {
  const { find, failures } = build();
  provider.answer = () => Response.json({ keys: [...unusable.slice(1), null, second.jwk] });
  expect(await find("second")).toBeDefined();
  await expect(find("first")).rejects.toMatchObject(unknownKey);
  expect(failures).toEqual([]);
});

test("the generation changes with the keys, and with nothing else", async () => {
  const { find, keySet } = build();
  expect(keySet.generation).toBe(0);
  const generations: number[] = [];
  for (const keys of [[first.jwk], [first.jwk], [first.jwk, second.jwk], [], [second.jwk]]) {
    provider.keys = keys;
    nowMs += 120_000;
    await find("second").catch(() => {});
    generations.push(keySet.generation);
  }
  expect(generations).toEqual([1, 1, 2, 2, 3]);
});
