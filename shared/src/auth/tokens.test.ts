import { describe, expect, test } from "bun:test";
import { SignJWT } from "jose";
import { createTopology } from "../model/regions.ts";
import { identify, identifyFor } from "./identify.ts";
import { createTokens, type ListedOperator } from "./tokens.ts";

const base = { issuer: "leaderboard", audience: "leaderboard", lifetimeSeconds: 60 };
const secret = "the first secret, of 32 bytes or more";
const ada = { userId: "ada", name: "Ada 🏆", region: "EU", loggedInAt: 1_700_000_000 };
const tokens = createTokens({ ...base, secret });
const topology = createTopology(["EU"], 1, ["main"]);
const anyRole = { role: "reader", boards: "all" } as const;
const tokenId = "00112233445566ff";

const sign = (claims: Record<string, unknown>) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("leaderboard")
    .setAudience("leaderboard")
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));

test("a verified token names the player it was issued to", async () => {
  expect(await tokens.verify(await tokens.issue(ada))).toEqual(ada);
  const changed = { ...ada, account: "5", passwordAt: "7" };
  expect(await tokens.verify(await tokens.issue(changed))).toEqual(changed);
});

test("a cached token still expires", async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  const tokens = createTokens({ ...base, secret, now: () => nowMs });
  const token = await tokens.issue(ada);
  await tokens.verify(token);
  nowMs += 59_000;
  expect(await tokens.verify(token)).toEqual(ada);
  nowMs += 1_000;
  await expect(tokens.verify(token)).rejects.toMatchObject({ code: "invalid_token", status: 401 });
});

describe("a changed secret", () => {
  const other = "the second secret, of 32 bytes or more";
  const before = createTokens({ ...base, secret });
  /** The documented order: the new secret verifies everywhere before it signs anywhere. */
  const steps = [
    before,
    createTokens({ ...base, secret, previousSecret: other }),
    createTokens({ ...base, secret: other, previousSecret: secret }),
  ];
  const after = createTokens({ ...base, secret: other });

  test("in two steps keeps all tokens valid in any order of restarts", async () => {
    for (const [i, step] of steps.entries()) {
      const next = steps[i + 1] ?? step;
      for (const issuer of [step, next]) {
        const token = await issuer.issue(ada);
        for (const verifier of [step, next]) expect(await verifier.verify(token)).toEqual(ada);
      }
    }
  });

  test("an old token stays valid through both steps, and a new one after the old secret is removed", async () => {
    const old = await before.issue(ada);
    for (const step of steps) expect(await step.verify(old)).toEqual(ada);
    expect(await after.verify((await steps[2]?.issue(ada)) as string)).toEqual(ada);
    await expect(after.verify(old)).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("in one step makes processes that only know the old secret refuse new tokens", async () => {
    const token = await createTokens({ ...base, secret: other, previousSecret: secret }).issue(ada);
    await expect(before.verify(token)).rejects.toMatchObject({ code: "invalid_token" });
  });
});

describe("identify", () => {
  test("accepts the scheme Bearer in any case", async () => {
    const token = await tokens.issue(ada);
    expect(await identify(tokens, topology, `bearer  ${token} `)).toEqual(ada);
  });

  test("refuses a region that is no longer configured", async () => {
    const token = await tokens.issue({ ...ada, region: "NA" });
    await expect(identify(tokens, topology, `Bearer ${token}`)).rejects.toMatchObject({ code: "invalid_token" });
  });

  test.each([undefined, "", "Bearer", "Basic YTpi"])("answers missing_token for the header %p", async (header) => {
    await expect(identify(tokens, topology, header)).rejects.toMatchObject({ code: "missing_token" });
  });
});

test("an operator's token names the operator and expires after its own lifetime", async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  const timed = createTokens({ ...base, secret, now: () => nowMs });
  const token = await timed.issueOperator({ name: "game-server.1" }, 3600);
  expect(await timed.verifyOperator(token)).toEqual({ name: "game-server.1", role: "admin" });
  nowMs += 3_600_000;
  await expect(timed.verifyOperator(token)).rejects.toMatchObject({ code: "invalid_token" });
});

test("a player's token is forbidden on operators' routes and the reverse, cached or not", async () => {
  const operators = `Bearer ${await tokens.issueOperator({ name: "root" }, 60)}`;
  const players = `Bearer ${await tokens.issue(ada)}`;
  for (let time = 1; time <= 2; time++) {
    await expect(identify(tokens, topology, operators)).rejects.toMatchObject({ code: "forbidden", status: 403 });
    const refused = identifyFor(tokens, { topology, access: anyRole }, players);
    await expect(refused).rejects.toMatchObject({ code: "forbidden", status: 403 });
  }
});

test("a route for both takes a player's token and an operator's, of its role and not revoked", async () => {
  const revoked = new Set<string>();
  const listed = createTokens({ ...base, secret, revocations: revoked });
  const access = { role: "writer", boards: "named", players: true } as const;
  const callWith = (token: string) => identifyFor(listed, { topology, access }, `Bearer ${token}`);
  expect(await callWith(await listed.issue(ada))).toMatchObject({ userId: ada.userId });
  const writer = await listed.issueListed({ name: "game-server", role: "writer", tokenId }, 60);
  expect(await callWith(writer)).toMatchObject({ name: "game-server" });
  const reader = await listed.issueListed({ name: "support", role: "reader", tokenId }, 60);
  await expect(callWith(reader)).rejects.toMatchObject({ code: "role_required" });
  const elsewhere = await listed.issue({ ...ada, region: "MARS" });
  await expect(callWith(elsewhere)).rejects.toMatchObject({ code: "invalid_token" });
  revoked.add(tokenId);
  await expect(callWith(writer)).rejects.toMatchObject({ code: "invalid_token", status: 401 });
});

test("a listed token keeps its role, its boards and its id", async () => {
  const listed = createTokens({ ...base, secret, revocations: { has: () => false } });
  const operators: ListedOperator[] = [
    { name: "game-server.1", role: "writer", boards: ["main", "weekly"], tokenId },
    { name: "support", role: "moderator", tokenId },
  ];
  for (const operator of operators) {
    expect(await listed.verifyOperator(await listed.issueListed(operator, 60))).toEqual(operator);
  }
});

test("a token is refused once it is revoked, although it was verified before", async () => {
  const revoked = new Set<string>();
  const listed = createTokens({ ...base, secret, revocations: revoked });
  const token = await listed.issueListed({ name: "root", role: "admin", tokenId }, 60);
  for (let time = 1; time <= 2; time++) expect(await listed.verifyOperator(token)).toMatchObject({ tokenId });
  revoked.add(tokenId);
  for (let time = 1; time <= 2; time++) {
    await expect(listed.verifyOperator(token)).rejects.toMatchObject({ code: "invalid_token", status: 401 });
  }
});

test("a process that knows no list answers 503 to listed tokens, and takes those that are in no list", async () => {
  const token = await tokens.issueListed({ name: "root", role: "admin", tokenId }, 60);
  await expect(tokens.verifyOperator(token)).rejects.toMatchObject({ code: "unavailable", status: 503 });
  expect(await tokens.verifyOperator(await tokens.issueOperator({ name: "root" }, 60))).toMatchObject({ name: "root" });
});

test("a token with claims of a player and an operator, or with another role, is refused for both", async () => {
  const player = { sub: "ada", user_id: "ada", name: "Ada", region: "EU" };
  const reader = { sub: "root", role: "reader", jti: tokenId };
  const claims = [
    { ...player, role: "operator" },
    { sub: "root", role: "operator", region: "EU" },
    { sub: "root", role: "operator", account: "1" },
    { sub: "root", role: "operator", boards: ["main"] },
    { sub: "root", role: "admin" },
    { sub: "root", role: "owner", jti: tokenId },
    { ...reader, jti: "1" },
    { ...reader, boards: [] },
    { ...reader, boards: "main" },
    { ...reader, boards: ["main", "main"] },
    { ...reader, boards: ["Main"] },
    { ...reader, boards: Array.from({ length: 33 }, (_, n) => `board-${n}`) },
    { ...reader, region: "EU" },
    { ...player, role: "reader", jti: tokenId },
    { ...player, role: "admin" },
    { sub: "root" },
    { sub: "not a name", role: "operator" },
  ];
  const listed = createTokens({ ...base, secret, revocations: { has: () => false } });
  for (const each of claims) {
    const token = await sign(each);
    await expect(listed.verifyOperator(token)).rejects.toMatchObject({ code: "invalid_token" });
    await expect(listed.verify(token)).rejects.toMatchObject({ code: "invalid_token" });
  }
  expect(await listed.verifyOperator(await sign(reader))).toEqual({ name: "root", role: "reader", tokenId });
});

test("a token of the release before roles is an admin's for all boards", async () => {
  const operator = await tokens.verifyOperator(await sign({ sub: "root", role: "operator" }));
  expect(operator).toEqual({ name: "root", role: "admin" });
});
