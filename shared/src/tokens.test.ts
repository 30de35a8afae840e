import { describe, expect, test } from "bun:test";
import { createTopology } from "./regions.ts";
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
  const newSecret = "the second secret, of 32 bytes or more";

  test("logs nobody out while the previous one is named", async () => {
    const token = await createTokens({ ...base, secret }).issue(ada);
    const changed = createTokens({ ...base, secret: newSecret, previousSecret: secret });
    expect(await changed.verify(token)).toEqual(ada);
    await expect(createTokens({ ...base, secret: newSecret }).verify(token)).rejects.toMatchObject({
      code: "invalid_token",
    });
  });

  test("signs with the new one alone", async () => {
    const token = await createTokens({ ...base, secret: newSecret, previousSecret: secret }).issue(ada);
    await expect(createTokens({ ...base, secret }).verify(token)).rejects.toMatchObject({ code: "invalid_token" });
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
