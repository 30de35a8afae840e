import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { exportSPKI, importJWK, SignJWT } from "jose";
import { identify } from "shared/auth/identify";
import { createTokens } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { type IdentityProvider, makeKey, signAs, startIdentityProvider } from "testing/identity-provider";
import { flushAll, sizeOf } from "testing/whole-store";
import { type GatewayUnderTest, startGatewayUnderTest } from "../../../gateway/test/gateway-under-test.ts";
import { type Built, player, startUnderTest } from "../../../ranker/test/ranker-under-test.ts";
import { forgedTokens } from "./forged-tokens.ts";

const rsa = await makeKey("RS256", "rsa");
const keys = [rsa, await makeKey("ES256", "ec"), await makeKey("EdDSA", "ed")];
const stranger = await makeKey("RS256", "rsa");
const es384 = await makeKey("ES384", "es384");

const under = await forFile(startUnderTest());
let provider: IdentityProvider;
let ranker: Built;
let gateway: GatewayUnderTest;
beforeEach(async () => {
  await flushAll(under.redis);
  provider = startIdentityProvider();
  provider.keys = [...keys, es384].map(({ jwk }) => jwk);
  ranker = await under.build({ provider: provider.options, confirmsAccounts: true });
  gateway = startGatewayUnderTest({ redis: under.redis, tokens: { provider: provider.options } });
});
afterEach(async () => {
  await gateway.close();
  await provider.stop();
});

const headersOf = (token: string) => ({ "Content-Type": "application/json", Authorization: `Bearer ${token}` });
const services: Record<string, (token: string) => Promise<Response>> = {
  async gateway(token) {
    const init = { method: "POST", headers: headersOf(token), body: '{"score":1}' };
    return gateway.app.request("/score/update", init, { peer: "203.0.113.9" });
  },
  ranker: (token) => ranker.post("/score/update", { score: 1 }, undefined, headersOf(token)),
};

interface Answered {
  code?: string;
  detail?: string;
}

/**
 * Sends the token to the gateway and the ranker, and checks that neither writes anything.
 *
 * @returns their answers
 */
async function refusals(token: string): Promise<[status: number, code: string | undefined, detail: string][]> {
  const answers = [];
  for (const send of Object.values(services)) {
    const response = await send(token);
    const { code, detail = "" } = (await response.json()) as Answered;
    answers.push([response.status, code, detail] as [number, string | undefined, string]);
  }
  expect([await sizeOf(under.redis), gateway.arrived]).toEqual([0, []]);
  return answers;
}

const bothRefuse = async (token: string) =>
  expect((await refusals(token)).map(([status, code]) => [status, code])).toEqual([
    [401, "invalid_token"],
    [401, "invalid_token"],
  ]);

describe("a player of the identity provider", () => {
  test.each(keys.map((key) => [key.alg, key] as const))("is accepted with a token of %s", async (_, key) => {
    const token = await signAs(key);
    for (const send of Object.values(services)) expect((await send(token)).status).toBe(200);
    expect(await ranker.boards.rank("EU", "main", "grace")).toMatchObject({ name: "Grace", score: 1 });
  });

  test("is named by the subject where the token has no name, and lives in its region in either case", async () => {
    await services.ranker?.(await signAs(rsa, { name: undefined, region: "eu" }));
    expect(await ranker.boards.rank("EU", "main", "grace")).toMatchObject({ name: "grace", region: "EU" });
  });

  test.each([
    ["that draws nothing", "\u3164"],
    ["of two lines", "Grace\nadmin"],
    ["of two lines to Unicode", "Grace\u2028admin"],
    ["that is empty", ""],
    ["that is too long", "a".repeat(201)],
    ["that is an object", { first: "Grace" }],
  ])("is named by the subject where the token has a name %s", async (_, name) => {
    expect((await services.ranker?.(await signAs(rsa, { name })))?.status).toBe(200);
    expect(await ranker.boards.rank("EU", "main", "grace")).toMatchObject({ name: "grace" });
  });

  test("keeps the region of the first entry, also where the region claim changes", async () => {
    expect((await services.ranker?.(await signAs(rsa)))?.status).toBe(200);
    const moved = await services.ranker?.(await signAs(rsa, { region: "NA" }));
    expect([moved?.status, await moved?.json()]).toMatchObject([
      403,
      { code: "wrong_region", detail: "The player's home region is EU." },
    ]);
    expect(await ranker.boards.rank("NA", "main", "grace").catch(({ code }) => code)).toBe("not_ranked");
    expect((await services.ranker?.(await signAs(rsa)))?.status).toBe(200);
  });

  test("may have the region and the name under other claims", async () => {
    const options = { ...provider.options, regionClaim: "https://game/region", nameClaim: "nickname" };
    const other = await under.build({ provider: options, confirmsAccounts: true });
    const token = await signAs(rsa, { region: undefined, "https://game/region": "NA", nickname: "amazing" });
    expect((await other.post("/score/update", { score: 1 }, undefined, headersOf(token))).status).toBe(200);
    expect(await other.boards.rank("NA", "main", "grace")).toMatchObject({ name: "amazing" });
  });

  test("plays beside players who registered here before", async () => {
    const open = await under.build();
    const ada = await open.accounts.register({ user_id: "ada", name: "Ada", region: "EU" });
    expect((await ranker.post("/score/update", { score: 1 }, ada)).status).toBe(200);
    expect((await ranker.post("/auth/login", { user_id: "ada", name: "Ada" })).status).toBe(200);
    expect((await services.ranker?.(await signAs(rsa)))?.status).toBe(200);
  });
});

describe("is refused", () => {
  const claims: [what: string, changed: Record<string, unknown>, detail: RegExp][] = [
    ["another issuer", { iss: "https://evil.example.com/" }, /not valid here/],
    ["our own issuer", { iss: "leaderboard" }, /not valid here/],
    ["no issuer", { iss: undefined }, /not valid here/],
    ["another audience", { aud: "another-game" }, /not valid here/],
    ["no audience", { aud: undefined }, /not valid here/],
    ["no end", { exp: undefined }, /not valid here/],
    ["an end that is over", { exp: 1 }, /not valid here/],
    ["a beginning to come", { nbf: 4_000_000_000 }, /not valid here/],
    ["no subject", { sub: undefined }, /"sub".*no user_id/],
    ["no region", { region: undefined }, /needs the claim "region"/],
    ["a region that is a number", { region: 5 }, /needs the claim "region"/],
    ["a region that is not configured", { region: "MARS" }, /not configured here/],
    ["two regions", { region: ["EU", "NA"] }, /needs the claim "region"/],
  ];
  test.each(claims)("a token with %s", async (_, changed, detail) => {
    const token = await signAs(rsa, changed);
    await bothRefuse(token);
    for (const [, , text] of await refusals(token)) expect(text).toMatch(detail);
  });

  test("a token of a foreign key under the provider's kid", async () => bothRefuse(await signAs(stranger)));
  test("a token of another algorithm, although the key is published", async () => bothRefuse(await signAs(es384)));
  test("a token of another type", async () => bothRefuse(await signAs(rsa, {}, { typ: "logout+jwt" })));
  test("a token with a critical header of its own", async () =>
    bothRefuse(`${Buffer.from('{"alg":"RS256","kid":"rsa","crit":["x"],"x":1}').toString("base64url")}.e30.AA`));

  test("a token signed by HS256 with the public key as the secret, in each of its forms", async () => {
    const publicKey = await importJWK(rsa.jwk, "RS256", { extractable: true });
    if (publicKey instanceof Uint8Array) throw new TypeError("no public key");
    const forms = [await exportSPKI(publicKey), (await exportSPKI(publicKey)).trim(), JSON.stringify(rsa.jwk)];
    for (const form of [...forms, String(rsa.jwk.n)]) {
      const now = Math.floor(Date.now() / 1000);
      const claimed = { sub: "grace", user_id: "grace", name: "Grace", region: "EU", exp: now + 3600 };
      const { issuer, audience } = provider.options;
      for (const [iss, aud] of [
        ["leaderboard", "leaderboard"],
        [issuer, audience],
      ] as const) {
        const jwt = new SignJWT({ ...claimed, iss, aud }).setProtectedHeader({ alg: "HS256", kid: "rsa" });
        await bothRefuse(await jwt.sign(new TextEncoder().encode(form)));
      }
    }
    expect(provider.fetches).toBe(0);
  });

  test("a token signed with a shared secret that the key set publishes", async () => {
    const k = Buffer.from("a secret that every client can read, of 32 bytes").toString("base64url");
    provider.keys.push({ kty: "oct", k, kid: "shared", alg: "HS256" });
    const jwt = new SignJWT({ sub: "grace", name: "Grace", region: "EU", iss: provider.options.issuer, aud: "game" });
    jwt.setProtectedHeader({ alg: "HS256", kid: "shared" }).setExpirationTime("1h");
    await bothRefuse(await jwt.sign(Buffer.from(k, "base64url")));
  });

  test("every forgery that is refused without an identity provider", async () => {
    for (const token of Object.values(forgedTokens)) await bothRefuse(token);
    expect(provider.fetches).toBeLessThanOrEqual(2); // a gateway's and a ranker's
  }, 20_000);
});

describe("a token of the identity provider for the id of a local account", () => {
  const ada = { user_id: "ada", name: "Ada", region: "EU" };

  test("is refused, and writes nothing", async () => {
    const open = await under.build();
    await open.accounts.register({ ...ada, initialScore: 5 });
    const before = await sizeOf(under.redis);
    const response = await services.ranker?.(await signAs(rsa, { sub: "ada", name: "Ada" }));
    expect([response?.status, await response?.json()]).toMatchObject([
      401,
      { code: "invalid_token", detail: "The user_id ada belongs to a player who registered here." },
    ]);
    expect(await sizeOf(under.redis)).toBe(before);
    expect(await open.boards.rank("EU", "main", "ada")).toMatchObject({ score: 5 });
  });

  test("cannot be undercut by a later registration, which is closed", async () => {
    const response = await ranker.post("/auth/register", ada);
    expect([response.status, await response.json()]).toMatchObject([403, { code: "registration_closed" }]);
    expect(await sizeOf(under.redis)).toBe(0);
  });

  test("has no session, password or name here to change, and there are no guests beside", async () => {
    const token = await signAs(rsa, { sub: "eve", name: "Eve", region: "EU" });
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    for (const [method, path, body] of [
      ["POST", "/auth/refresh", undefined],
      ["POST", "/auth/password", { password: "battery staple" }],
      ["PATCH", "/auth/me", { name: "Grace" }],
      ["POST", "/auth/guest", { region: "EU" }],
    ] as const) {
      const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
      const answer = await ranker.app.request(path, init);
      expect([path, answer.status, await answer.json()]).toMatchObject([path, 403, { code: "registration_closed" }]);
    }
    expect(await sizeOf(under.redis)).toBe(0);
  });

  test("that is spelled never meets one, because no player can register such an id", async () => {
    const open = await under.build();
    const response = await open.post("/auth/register", {
      ...ada,
      user_id: "x--auth0_7C5f7c",
      password: "correct horse",
    });
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ field: "user_id" }] }]);
    expect((await services.ranker?.(await signAs(rsa, { sub: "auth0|5f7c" })))?.status).toBe(200);
    expect(await open.boards.rank("EU", "main", "x--auth0_7C5f7c")).toMatchObject({ name: "Grace" });
  });

  test("gets 503 while the store of accounts is away, unless the player was confirmed before", async () => {
    const store = await startUnderTest();
    const away = await under.build({ provider: provider.options, confirmsAccounts: true, accountsIn: store.redis });
    const send = async (sub: string) =>
      (await away.post("/score/update", { score: 1 }, undefined, headersOf(await signAs(rsa, { sub })))).status;
    expect(await send("grace")).toBe(200);
    await store.close();
    expect([await send("grace"), await send("ada"), await send("grace")]).toEqual([200, 503, 200]);
    expect(await under.redis.hexists("entries:{EU}", "ada")).toBe(0);
  });

  test("does not make a local token valid without an account", async () => {
    const response = await ranker.post("/score/update", { score: 1 }, player("grace"));
    expect(response.status).toBe(401);
  });
});

describe("an identity provider that is away", () => {
  test("at the start leads to 503 for its own players alone, until it is there", async () => {
    const open = await under.build();
    const ada = await open.accounts.register({ user_id: "ada", name: "Ada", region: "EU" });
    await provider.stop();
    const token = await signAs(rsa);
    for (const send of Object.values(services)) {
      const response = await send(token);
      expect([response.status, response.headers.get("Retry-After"), await response.json()]).toMatchObject([
        503,
        "1",
        { code: "unavailable" },
      ]);
    }
    expect((await ranker.post("/score/update", { score: 1 }, ada)).status).toBe(200);
    provider.start();
    // The ranker refuses without I/O, so the loop yields to let the provider's answer arrive.
    while ((await services.ranker?.(token))?.status === 503) await setImmediate();
    expect((await services.ranker?.(token))?.status).toBe(200);
  });

  test("later logs no player out, whether the token was seen before or not", async () => {
    const seen = await signAs(rsa);
    for (const send of Object.values(services)) expect((await send(seen)).status).toBe(200);
    await provider.stop();
    const unseen = await signAs(rsa, { sub: "heidi", name: "Heidi" });
    for (const token of [seen, unseen]) {
      for (const send of Object.values(services)) expect((await send(token)).status).toBe(200);
    }
  });
});

describe("a key that the identity provider withdraws", () => {
  const topology = createTopology(["EU"], 1, ["main"]);

  /** Verifies tokens on a clock that the test sets. */
  function build() {
    const failures: unknown[] = [];
    const clock = { elapsedMs: 0 };
    const tokens = createTokens({
      secret: "a secret of our own, of 32 bytes or more",
      issuer: "leaderboard",
      audience: "leaderboard",
      lifetimeSeconds: 60,
      provider: provider.options,
      elapsed: () => clock.elapsedMs,
      onProviderFailure: (error) => failures.push(error),
    });
    const verify = (token: string) => identify(tokens, topology, `Bearer ${token}`);
    return { clock, failures, verify };
  }

  const refused = { code: "invalid_token", status: 401 };

  test("verifies no token any more, although a token was verified before and has not expired", async () => {
    const { clock, verify } = build();
    const token = await signAs(rsa);
    await verify(token);
    provider.keys = keys.slice(1).map(({ jwk }) => jwk);
    clock.elapsedMs = 119_999;
    await verify(token); // asks for new keys, and does not wait for them
    while ((await verify(token).catch(() => undefined)) !== undefined) await setImmediate();
    await expect(verify(token)).rejects.toMatchObject(refused);
  });

  test("verifies not even the first token after a pause of two minutes", async () => {
    const { clock, verify } = build();
    const token = await signAs(rsa);
    await verify(token);
    provider.keys = keys.slice(1).map(({ jwk }) => jwk);
    clock.elapsedMs = 120_000;
    await expect(verify(token)).rejects.toMatchObject(refused);
  });

  test("without another one in its place stays in use, which is reported once", async () => {
    const { clock, failures, verify } = build();
    const token = await signAs(rsa);
    await verify(token);
    provider.keys = [];
    for (let minute = 1; minute <= 10; minute++) {
      clock.elapsedMs = minute * 120_000;
      await verify(token);
    }
    expect(provider.fetches).toBe(11);
    expect(failures).toHaveLength(1);
  });

  test("is noticed by one request a minute, however many verified tokens are used", async () => {
    const { clock, verify } = build();
    const token = await signAs(rsa);
    for (let n = 0; n <= 600; n++) {
      clock.elapsedMs = n * 1_000;
      await verify(token);
      await setImmediate();
    }
    while (provider.fetches < 2) await setImmediate(); // the request for keys is under way
    expect(provider.fetches).toBeLessThanOrEqual(11);
  });
});
