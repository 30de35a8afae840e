import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type IdentityProvider, makeKey, signAs, startIdentityProvider } from "testing/identity-provider";
import { Problem } from "../api/problems.ts";
import type { ProviderOptions } from "./provider.ts";
import { readSubject } from "./subject-spelling.ts";
import { createTokens } from "./tokens.ts";

const [rsa, otherRsa, ec] = await Promise.all([
  makeKey("RS256", "rsa"),
  makeKey("RS256", "other"),
  makeKey("ES256", "ec"),
]);
const nowMs = Date.UTC(2026, 0, 1);
const nowSeconds = nowMs / 1000;

let provider: IdentityProvider;
let clockMs: number;
beforeEach(() => {
  clockMs = nowMs;
  provider = startIdentityProvider();
  provider.keys = [rsa.jwk, ec.jwk];
});
afterEach(() => provider.stop());

const build = (changed: Partial<ProviderOptions> = {}) =>
  createTokens({
    secret: "a secret of our own, of 32 bytes or more",
    issuer: "leaderboard",
    audience: "leaderboard",
    lifetimeSeconds: 60,
    provider: { ...provider.options, ...changed },
    now: () => clockMs,
  });

const times = { iat: nowSeconds, exp: nowSeconds + 3600 };
/** Signs exactly these claims. */
const sign = (claims: Record<string, unknown>, key = rsa, header: object = {}) =>
  signAs(
    key,
    { sub: undefined, name: undefined, region: undefined, iss: undefined, aud: undefined, ...times, ...claims },
    header,
  );
const player = (changed: Record<string, unknown> = {}) => ({
  sub: "grace",
  name: "Grace",
  region: "EU",
  iss: "https://id.example.com/",
  aud: "game",
  ...changed,
});

/** The check that the log names for a refused token. */
async function failedCheckOf(token: string, tokens = build()): Promise<string> {
  const error = await tokens.verify(token).catch((thrown: unknown) => thrown);
  if (!(error instanceof Problem) || error.code !== "invalid_token") throw new Error("the token was not refused");
  return (error.cause as Error).name;
}

/** A provider's settings and the claims of its tokens, as docs/deploy.md has them. */
const PROVIDERS: [
  string,
  Partial<ProviderOptions>,
  header: object,
  Record<string, unknown>,
  [string, string, string],
][] = [
  [
    "Auth0",
    {
      issuer: "https://game.eu.auth0.com/",
      audience: "https://api.game.example",
      regionClaim: "https://game.example/region",
    },
    { typ: "JWT" },
    {
      iss: "https://game.eu.auth0.com/",
      sub: "auth0|5f7c8ec7c33c6c004bbafe82",
      aud: ["https://api.game.example", "https://game.eu.auth0.com/userinfo"],
      azp: "my_client_id",
      scope: "openid profile",
      "https://game.example/region": "eu",
    },
    ["x--auth0_7C5f7c8ec7c33c6c004bbafe82", "auth0|5f7c8ec7c33c6c004bbafe82", "EU"],
  ],
  [
    "Amazon Cognito",
    {
      issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example",
      audience: "1example23456789",
      regionClaim: "cognito:groups",
      regions: ["EU", "NA"],
      nameClaim: "username",
    },
    { typ: undefined },
    {
      sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
      "cognito:groups": ["eu-west-1_example_Google", "EU"],
      iss: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example",
      version: 2,
      client_id: "1example23456789",
      origin_jti: "aaaaaaaa-bbbb-cccc-dddd-ffffffffffff",
      token_use: "access",
      scope: "openid",
      auth_time: nowSeconds,
      username: "grace",
    },
    ["aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "grace", "EU"],
  ],
  [
    "Keycloak",
    { issuer: "https://id.example.com/realms/game", audience: "leaderboard", nameClaim: "preferred_username" },
    { typ: "JWT" },
    {
      iss: "https://id.example.com/realms/game",
      aud: ["leaderboard", "account"],
      sub: "f:8a1d4b6e-0000-4000-8000-000000000000:grace",
      typ: "Bearer",
      azp: "game-client",
      acr: "1",
      realm_access: { roles: ["offline_access"] },
      region: ["EU"],
      preferred_username: "grace",
    },
    ["x--f_3A8a1d4b6e-0000-4000-8000-000000000000_3Agrace", "grace", "EU"],
  ],
  [
    "Okta",
    { issuer: "https://game.okta.com/oauth2/default", audience: "api://default", userIdClaim: "uid" },
    { typ: undefined },
    {
      ver: 1,
      iss: "https://game.okta.com/oauth2/default",
      aud: "api://default",
      cid: "0oa1example",
      uid: "00u1example",
      scp: ["openid"],
      sub: "grace@example.com",
      region: "EU",
    },
    ["00u1example", "00u1example", "EU"],
  ],
  [
    "Microsoft Entra ID",
    {
      issuer: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
      audience: "66666666-7777-8888-9999-000000000000",
      userIdClaim: "oid",
      regionClaim: "roles",
    },
    { typ: "JWT" },
    {
      aud: "66666666-7777-8888-9999-000000000000",
      iss: "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
      nbf: nowSeconds + 1,
      azp: "client",
      azpacr: "0",
      name: "Grace Hopper",
      oid: "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
      preferred_username: "grace@example.com",
      roles: ["EU"],
      scp: "play",
      sub: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
      tid: "11111111-2222-3333-4444-555555555555",
      ver: "2.0",
    },
    ["aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "Grace Hopper", "EU"],
  ],
  [
    "Apple",
    { issuer: "https://appleid.apple.com", audience: "com.example.game", defaultRegion: "GLOBAL" },
    { typ: undefined },
    {
      iss: "https://appleid.apple.com",
      aud: "com.example.game",
      sub: "001234.0f3a1b2c3d4e5f60718293a4b5c6d7e8.0951",
      c_hash: "hash",
      email: "x@privaterelay.appleid.com",
      email_verified: true,
      nonce_supported: true,
    },
    ["x--001234_2E0f3a1b2c3d4e5f60718293a4b5c6d7e8_2E0951", "001234.0f3a1b2c3d4e5f60718293a4b5c6d7e8.0951", "GLOBAL"],
  ],
  [
    "Google",
    { issuer: "https://accounts.google.com", audience: "1234.apps.googleusercontent.com", defaultRegion: "GLOBAL" },
    { typ: "JWT" },
    {
      iss: "https://accounts.google.com",
      azp: "1234.apps.googleusercontent.com",
      aud: "1234.apps.googleusercontent.com",
      sub: "110169484474386276334",
      email: "grace@example.com",
      name: "Grace Hopper",
      picture: "https://lh3.googleusercontent.com/a",
    },
    ["110169484474386276334", "Grace Hopper", "GLOBAL"],
  ],
  [
    "Firebase",
    { issuer: "https://securetoken.google.com/game-1234", audience: "game-1234" },
    { typ: "JWT" },
    {
      iss: "https://securetoken.google.com/game-1234",
      aud: "game-1234",
      auth_time: nowSeconds,
      user_id: "8vWQ0YbXwEd1kzO5Fq2sP7aB3cD4",
      sub: "8vWQ0YbXwEd1kzO5Fq2sP7aB3cD4",
      provider_id: "anonymous",
      region: "EU",
      firebase: { identities: {}, sign_in_provider: "anonymous" },
    },
    ["8vWQ0YbXwEd1kzO5Fq2sP7aB3cD4", "8vWQ0YbXwEd1kzO5Fq2sP7aB3cD4", "EU"],
  ],
  [
    "Supabase",
    {
      issuer: "https://abcd.supabase.co/auth/v1",
      audience: "authenticated",
      regionClaim: "app_metadata.region",
      nameClaim: "user_metadata.name",
    },
    { typ: "JWT" },
    {
      iss: "https://abcd.supabase.co/auth/v1",
      sub: "5b1f0f3e-0000-4000-8000-000000000000",
      aud: "authenticated",
      email: "grace@example.com",
      app_metadata: { provider: "email", providers: ["email"], region: "EU" },
      user_metadata: { name: "Grace" },
      role: "authenticated",
      aal: "aal1",
      session_id: "5b1f0f3e-0000-4000-8000-000000000001",
      is_anonymous: false,
    },
    ["5b1f0f3e-0000-4000-8000-000000000000", "Grace", "EU"],
  ],
];

test.each(PROVIDERS)(
  "a token of %s is let in as it is",
  async (name, settings, header, claims, [userId, shown, region]) => {
    const key = name === "Supabase" ? ec : rsa;
    const identity = await build(settings).verify(await sign(claims, key, header));
    expect(identity).toEqual({ userId, name: shown, region, isExternal: true });
  },
);

describe("the audience", () => {
  const access = { aud: undefined, token_use: "access", client_id: "game" };
  test.each([
    ["an access token of another client", { ...access, client_id: "other" }, "client_id: another audience"],
    ["an access token that names another audience", { ...access, aud: "other" }, "aud: another audience"],
    ["an ID token without one", { ...access, token_use: "id" }, "aud: missing"],
    ["a token with a client alone", { aud: undefined, client_id: "game" }, "aud: missing"],
    ["a token of another audience", { aud: ["other", "more"] }, "aud: another audience"],
  ])("of %s is refused", async (_, changed, check) => {
    expect(await failedCheckOf(await sign(player(changed)))).toBe(check);
  });
});

describe("clocks that differ by some seconds", () => {
  test("do not refuse a token before its beginning, or after its end", async () => {
    const early = await sign(player({ nbf: nowSeconds + 9, iat: nowSeconds + 9 }));
    const late = await sign(player({ exp: nowSeconds - 9 }));
    for (const token of [early, late]) expect(await build().verify(token)).toMatchObject({ userId: "grace" });
  });

  test("refuse a token beyond the leeway, and the log says why", async () => {
    expect(await failedCheckOf(await sign(player({ nbf: nowSeconds + 11 })))).toBe("nbf: not yet");
    expect(await failedCheckOf(await sign(player({ exp: nowSeconds - 10 })))).toBe("exp: over");
  });

  test("end a cached token at the same moment as one that is verified", async () => {
    const token = await sign(player({ exp: nowSeconds + 60 }));
    const cached = build();
    await cached.verify(token);
    clockMs = nowMs + 69_999;
    for (const tokens of [cached, build()]) expect(await tokens.verify(token)).toMatchObject({ userId: "grace" });
    clockMs = nowMs + 70_000;
    for (const tokens of [cached, build()]) expect(await failedCheckOf(token, tokens)).toBe("exp: over");
  });
});

describe("a token without a key id", () => {
  test("is tried with every key of its kind", async () => {
    provider.keys = [otherRsa.jwk, rsa.jwk];
    for (const key of [rsa, otherRsa]) {
      expect(await build().verify(await sign(player(), key, { kid: undefined }))).toMatchObject({ userId: "grace" });
    }
  });

  test("is refused where none of them has signed it", async () => {
    provider.keys = [otherRsa.jwk, rsa.jwk];
    const token = await sign(player(), await makeKey("RS256", "stranger"), { kid: undefined });
    expect(await failedCheckOf(token)).toBe("signature: of no known key");
  });

  test("is told what else is wrong with it", async () => {
    provider.keys = [otherRsa.jwk, rsa.jwk];
    expect(await failedCheckOf(await sign(player({ iss: "https://other" }), rsa, { kid: undefined }))).toBe(
      "iss: another issuer",
    );
  });

  test("finds its key among two that share an id", async () => {
    provider.keys = [{ ...otherRsa.jwk, kid: "rsa" }, rsa.jwk];
    expect(await build().verify(await sign(player()))).toMatchObject({ userId: "grace" });
  });
});

describe("a key set without key ids", () => {
  const withoutId = ({ kid: _, ...jwk }: typeof rsa.jwk) => jwk;

  test("serves tokens that have an id, with each key of their algorithm", async () => {
    provider.keys = [otherRsa, rsa, ec].map(({ jwk }) => withoutId(jwk));
    for (const key of [rsa, otherRsa, ec]) {
      expect(await build().verify(await sign(player(), key))).toMatchObject({ userId: "grace" });
    }
    const stranger = await sign(player(), await makeKey("RS256", "stranger"));
    expect(await failedCheckOf(stranger)).toBe("signature: of no known key");
  });

  test("is one where no key has an id: with an id in the set, another id is unknown", async () => {
    provider.keys = [withoutId(otherRsa.jwk), rsa.jwk];
    expect(await build().verify(await sign(player()))).toMatchObject({ userId: "grace" });
    expect(await failedCheckOf(await sign(player(), otherRsa))).toBe("kid: no such key of this algorithm");
  });
});

test("the log names each fault of a token in words", async () => {
  const token = await sign(player());
  const [header = "", payload = "", signature = ""] = token.split(".");
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const faults: [string, string][] = [
    [await sign(player(), await makeKey("RS256", "rsa")), "signature: of no known key"],
    [await sign(player(), rsa, { kid: "unknown" }), "kid: no such key of this algorithm"],
    [`${header}.${payload}`, "not a signed token"],
    [`${header}.${encode("{")}.${signature}`, "not JSON inside"],
    [
      `${encode('{"alg":"RS256","kid":"rsa","crit":["b"]}')}.${payload}.${signature}`,
      "header: asks for what is not supported",
    ],
  ];
  for (const [refused, check] of faults) expect(await failedCheckOf(refused)).toBe(check);
});

describe("a region", () => {
  test.each([["EU"], ["eu"], [["EU"]]])("is read from %p", async (region) => {
    expect(await build().verify(await sign(player({ region })))).toMatchObject({ region: "EU" });
  });

  test("is the only value of a list that is a configured one", async () => {
    const tokens = build({ regions: ["EU", "NA"] });
    const verify = async (region: unknown) => tokens.verify(await sign(player({ region })));
    expect(await verify(["players", "eu", 5])).toMatchObject({ region: "EU" });
    expect(await verify(["EU", "eu"])).toMatchObject({ region: "EU" });
    await expect(verify(["EU", "players", "NA"])).rejects.toMatchObject({
      code: "invalid_token",
      message: 'The token names several regions (EU, NA): it needs the claim "region" with one.',
      cause: { name: "region: several in one claim" },
    });
    await expect(verify(["players", "more"])).rejects.toMatchObject({
      code: "invalid_token",
      message: 'The token names no region: it needs the claim "region".',
    });
  });

  test.each([[[]], [null], [undefined]])("that is %p is the default one, or refused", async (region) => {
    const token = await sign(player({ region }));
    expect(await build({ defaultRegion: "NA" }).verify(token)).toMatchObject({ region: "NA" });
    expect(await failedCheckOf(token)).toBe("region: no usable claim");
  });

  test.each([[["EU", "NA"]], [5], [""], [{ code: "EU" }]])(
    "that is %p is refused, also with a default",
    async (region) => {
      const token = await sign(player({ region }));
      const check = Array.isArray(region) ? "region: several in one claim" : "region: no usable claim";
      expect(await failedCheckOf(token, build({ defaultRegion: "NA" }))).toBe(check);
    },
  );
});

test.each([[""], ["Grace\nadmin"], [{ first: "Grace" }], ["x".repeat(201)], [5], [undefined]])(
  "the name %p cannot be shown, and the subject stands in its place",
  async (name) => {
    const token = await sign(player({ name, sub: "auth0|5f7c" }));
    expect(await build().verify(token)).toMatchObject({ userId: "x--auth0_7C5f7c", name: "auth0|5f7c" });
  },
);

test("a user_id may come from another claim, also a number, and is read back", async () => {
  const token = await sign(player({ sub: "auth0|5f7c", game: { player: 1815, mail: "ada@example.com" } }));
  expect(await build({ userIdClaim: "game.player" }).verify(token)).toMatchObject({ userId: "1815" });
  const { userId } = await build({ userIdClaim: "game.mail" }).verify(token);
  expect(readSubject(userId)).toBe("ada@example.com");
  expect(await failedCheckOf(token, build({ userIdClaim: "game.name" }))).toBe("user_id: no usable claim");
});
