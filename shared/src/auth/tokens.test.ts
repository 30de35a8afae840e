import { describe, expect, test } from "bun:test";
import { createTopology } from "../model/regions.ts";
import { createTokens, identify } from "./tokens.ts";

const base = { issuer: "leaderboard", audience: "leaderboard", lifetimeSeconds: 60 };
const secret = "the first secret, of 32 bytes or more";
const ada = { userId: "ada", name: "Ada 🏆", region: "EU" };

test("a token says who it was issued to", async () => {
  const tokens = createTokens({ ...base, secret });
  expect(await tokens.verify(await tokens.issue(ada))).toEqual(ada);
});

test("a token that was verified and cached still expires", async () => {
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
  /** README's order: the new secret verifies everywhere before it signs anywhere, and the old one goes last. */
  const steps = [
    before,
    createTokens({ ...base, secret, previousSecret: other }),
    createTokens({ ...base, secret: other, previousSecret: secret }),
  ];
  const after = createTokens({ ...base, secret: other });

  test("in two steps logs nobody out, whichever processes have restarted", async () => {
    for (const [i, step] of steps.entries()) {
      const next = steps[i + 1] ?? step;
      for (const issuer of [step, next]) {
        const token = await issuer.issue(ada);
        for (const verifier of [step, next]) expect(await verifier.verify(token)).toEqual(ada);
      }
    }
  });

  test("a token of before lasts through both steps, one of after outlasts the old secret", async () => {
    const old = await before.issue(ada);
    for (const step of steps) expect(await step.verify(old)).toEqual(ada);
    expect(await after.verify((await steps[2]?.issue(ada)) as string)).toEqual(ada);
    await expect(after.verify(old)).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("in one step refuses new tokens wherever the old secret is still alone", async () => {
    const token = await createTokens({ ...base, secret: other, previousSecret: secret }).issue(ada);
    await expect(before.verify(token)).rejects.toMatchObject({ code: "invalid_token" });
  });
});

describe("identify", () => {
  const tokens = createTokens({ ...base, secret });
  const topology = createTopology(["EU"], 1, ["main"]);

  test("takes the scheme in any case", async () => {
    const token = await tokens.issue(ada);
    expect(await identify(tokens, topology, `bearer  ${token} `)).toEqual(ada);
  });

  test("refuses a region that is not configured any more", async () => {
    const token = await tokens.issue({ ...ada, region: "NA" });
    await expect(identify(tokens, topology, `Bearer ${token}`)).rejects.toMatchObject({ code: "invalid_token" });
  });

  test.each([undefined, "", "Bearer", "Basic YTpi"])("the header %p is missing_token", async (header) => {
    await expect(identify(tokens, topology, header)).rejects.toMatchObject({ code: "missing_token" });
  });
});
