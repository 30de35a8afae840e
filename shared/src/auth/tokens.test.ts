import { describe, expect, test } from "bun:test";
import { createTopology } from "../model/regions.ts";
import { identify } from "./identify.ts";
import { createTokens } from "./tokens.ts";

const base = { issuer: "leaderboard", audience: "leaderboard", lifetimeSeconds: 60 };
const secret = "the first secret, of 32 bytes or more";
const ada = { userId: "ada", name: "Ada 🏆", region: "EU" };

test("a verified token names the player it was issued to", async () => {
  const tokens = createTokens({ ...base, secret });
  expect(await tokens.verify(await tokens.issue(ada))).toEqual(ada);
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

  test("in two steps keeps all tokens valid, whichever processes have restarted", async () => {
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
  const tokens = createTokens({ ...base, secret });
  const topology = createTopology(["EU"], 1, ["main"]);

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
