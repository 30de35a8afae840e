import { describe, expect, test } from "bun:test";
import { createTokens } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { openFencesAt } from "testing/open-fences";
import { scratchRedis } from "testing/scratch";
import { runLb } from "testing/services/run-lb";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { COMMANDS } from "./list.ts";

const redis = await forFile(scratchRedis());
const { secret } = TOKEN_OPTIONS;
const names = COMMANDS.map(({ name }) => name);
const lb = (args: string[], env: Record<string, string> = {}) => runLb(args, env);

test("lb without a command, and lb --help, list every command and end with 0", async () => {
  for (const args of [[], ["--help"]]) {
    const { code, out } = await lb(args);
    expect([code, names.filter((name) => !out.includes(`\n  ${name} `))]).toEqual([0, []]);
  }
});

test("a command that does not exist is named, beside those that do", async () => {
  const { code, err } = await lb(["toString"]);
  expect([code, err]).toEqual([1, expect.stringContaining("there is no command toString; there are ")]);
});

describe.each(names)("%s", (name) => {
  test("prints its help without any configuration", async () => {
    const { code, out } = await lb([name, "--help"]);
    expect(code).toBe(0);
    for (const part of [`./lb ${name}`, "nds with 0", "--json"]) expect(out).toContain(part);
  });

  test("names an option that it does not have and ends with 1", async () => {
    const { code, err } = await lb([name, "--nothing-like-this"], { REDIS_URL: redis.url, JWT_SECRET: secret });
    expect([code, err]).toEqual([1, expect.stringContaining("--nothing-like-this")]);
  });
});

describe("token", () => {
  test("prints a token that opens an operator's routes until the chosen time", async () => {
    const { code, out } = await lb(["token", "game-1", "--hours", "2", "--json"], { JWT_SECRET: secret });
    const { token, expires_at } = JSON.parse(out) as { token: string; expires_at: string };
    expect([code, await createTokens(TOKEN_OPTIONS).verifyOperator(token)]).toEqual([
      0,
      { name: "game-1", role: "admin" },
    ]);
    const late = createTokens({ ...TOKEN_OPTIONS, now: () => Date.parse(expires_at) + 1_000 });
    await expect(late.verifyOperator(token)).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("names what is missing or not valid: the secret, the name", async () => {
    expect((await lb(["token", "game-1"])).err).toContain("JWT_SECRET");
    expect(await lb(["token"], { JWT_SECRET: secret })).toMatchObject({ code: 1, out: "" });
    expect(await lb(["token", "a b"], { JWT_SECRET: secret })).toMatchObject({ code: 1, out: "" });
  });
});

describe("top", () => {
  test("prints a board as a table or as JSON, and names options that are not valid", async () => {
    await openFencesAt(redis.url, createTopology(["GLOBAL", "ASIA", "EU", "NA"], 1, []));
    const empty = await lb(["top"], { REDIS_URL: redis.url });
    expect([empty.code, empty.out]).toEqual([0, "rank  name  region  score\n\n0 on board main of GLOBAL\n"]);
    const json = await lb(["top", "--json", "--region", "eu"], { REDIS_URL: redis.url });
    expect(JSON.parse(json.out)).toEqual({ region: "EU", total: 0, entries: [] });
    const wrong = await lb(["top", "--region", "mars", "--limit", "0"], { REDIS_URL: redis.url });
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringMatching(/--region must be[\s\S]*--limit must be/)]);
  });
});
