import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { createTopology } from "../model/regions.ts";
import { identify, identifyOperator } from "./identify.ts";
import { createTokens } from "./tokens.ts";

const secret = "a secret of the tests, 32 bytes and more";
const base = { secret, issuer: "leaderboard", audience: "leaderboard", lifetimeSeconds: 60 };
const tokens = createTokens(base);
const topology = createTopology(["EU"], 1, ["main"]);
const ada = { userId: "ada", name: "Ada", region: "EU" };
const bearer = (token: string) => `Bearer ${token}`;

const sign = (claims: Record<string, unknown>) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("leaderboard")
    .setAudience("leaderboard")
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));

test("an operator's token names the operator and expires after its own lifetime", async () => {
  let nowMs = Date.UTC(2026, 0, 1);
  const timed = createTokens({ ...base, now: () => nowMs });
  const token = await timed.issueOperator({ name: "game-server.1" }, 3600);
  expect(await timed.verifyOperator(token)).toEqual({ name: "game-server.1" });
  nowMs += 3_600_000;
  await expect(timed.verifyOperator(token)).rejects.toMatchObject({ code: "invalid_token" });
});

test("a player's token is forbidden on operators' routes and the reverse, cached or not", async () => {
  const operators = bearer(await tokens.issueOperator({ name: "root" }, 60));
  const players = bearer(await tokens.issue(ada));
  for (let time = 1; time <= 2; time++) {
    await expect(identify(tokens, topology, operators)).rejects.toMatchObject({ code: "forbidden", status: 403 });
    await expect(identifyOperator(tokens, players)).rejects.toMatchObject({ code: "forbidden", status: 403 });
  }
});

test("a token with claims of a player and an operator, or with another role, is refused for both", async () => {
  const player = { sub: "ada", user_id: "ada", name: "Ada", region: "EU" };
  const claims = [
    { ...player, role: "operator" },
    { sub: "root", role: "operator", region: "EU" },
    { sub: "root", role: "operator", account: "1" },
    { sub: "root", role: "admin" },
    { ...player, role: "admin" },
    { sub: "root" },
    { sub: "not a name", role: "operator" },
  ];
  for (const each of claims) {
    const token = await sign(each);
    await expect(tokens.verifyOperator(token)).rejects.toMatchObject({ code: "invalid_token" });
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: "invalid_token" });
  }
  expect(await tokens.verifyOperator(await sign({ sub: "root", role: "operator" }))).toEqual({ name: "root" });
});
