import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { FlattenedJWSInput } from "jose";
import { type IdentityProvider, makeKey, startIdentityProvider } from "testing/identity-provider";
import { createKeySet } from "./key-set.ts";

const first = await makeKey("ES256", "first");
const second = await makeKey("ES256", "second");
const secret = Buffer.from("a secret that anyone can read, of 32 bytes").toString("base64url");
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

test("a thousand tokens at once cause one fetch", async () => {
  const { find } = build();
  await Promise.all(Array.from({ length: 1000 }, () => find("first")));
  expect(provider.fetches).toBe(1);
});

describe("an unknown key", () => {
  test("is fetched at once, so that a rotation is noticed", async () => {
    const { find } = build();
    await find("first");
    nowMs = 5_000;
    provider.keys = [second.jwk];
    expect(await find("second")).toBeDefined();
    await expect(find("first")).rejects.toMatchObject(unknownKey);
    expect(provider.fetches).toBe(2);
  });

  test("causes a fetch every five seconds at most, however many key ids are invented", async () => {
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

describe("a provider that does not answer", () => {
  test("makes tokens unavailable if its keys were never fetched, and is called once a second at most until it answers", async () => {
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

  test("does not end the use of keys that were fetched before, however old", async () => {
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
    ["a page instead of JSON", () => new Response("<html>")],
    ["JSON that is not a key set", () => Response.json({ keys: "none" })],
    ["an empty key set", () => Response.json({ keys: [] })],
    ["a set of unusable keys", () => Response.json({ keys: [...unusable, null, 5, "key"] })],
    ["too many bytes", () => Response.json({ keys: [first.jwk], padding: "x".repeat(300 * 1024) })],
  ])("counts as failing when it answers with %s, and the earlier keys stay", async (_, answer) => {
    const { find, failures } = build();
    await find("first");
    provider.answer = answer;
    nowMs = 3_600_000;
    await expect(find("second")).rejects.toMatchObject(unavailable);
    expect(await find("first")).toBeDefined();
    expect(failures).toHaveLength(1);
  });
});

describe("a slow provider", () => {
  test("does not delay tokens with a known key, and others for less than a second", async () => {
    const { find, failures } = build();
    await find("first");
    provider.answer = () => new Promise<Response>(() => {});
    nowMs = 119_999;
    const startedAt = performance.now();
    expect(await find("first")).toBeDefined();
    expect(failures).toEqual([]); // the fetch is still pending
    await expect(find("second")).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("that stops in the middle of its answer counts as failing within a second", async () => {
    const { find } = build();
    const endless = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
    provider.answer = () => new Response(endless);
    const startedAt = performance.now();
    await expect(find("first")).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test("does not delay tokens while old keys are refreshed", async () => {
    const { find } = build();
    await find("first");
    provider.keys = [first.jwk, second.jwk];
    nowMs = 60_000;
    await find("first");
    nowMs = 60_001;
    await find("second");
    expect(provider.fetches).toBe(2);
  });

  test("delays the first token after two minutes until the keys are refreshed, so that a withdrawn key is refused", async () => {
    const { find } = build();
    await find("first");
    provider.keys = [second.jwk];
    nowMs = 120_000;
    await expect(find("first")).rejects.toMatchObject(unknownKey);
    expect(provider.fetches).toBe(2);
  });
});

test("unusable keys are left out, and the others are used", async () => {
  const { find, failures } = build();
  provider.answer = () => Response.json({ keys: [...unusable.slice(1), null, second.jwk] });
  expect(await find("second")).toBeDefined();
  await expect(find("first")).rejects.toMatchObject(unknownKey);
  expect(failures).toEqual([]);
});

test("the generation changes exactly when the keys change", async () => {
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
