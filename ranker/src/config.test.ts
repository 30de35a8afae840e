import { expect, test } from "bun:test";
import { loadRankerConfig } from "./config.ts";

const JWT_SECRET = "x".repeat(32);
const REDIS_URL = "redis://127.0.0.1:6379";

test("two variables are enough, and passwords are required unless said otherwise", () => {
  expect(loadRankerConfig({ JWT_SECRET, REDIS_URL })).toMatchObject({
    name: "ranker",
    host: "127.0.0.1",
    port: 5000,
    passwordsRequired: true,
    queueMax: 100_000,
    topology: { regions: ["GLOBAL", "ASIA", "EU", "NA"], partitions: 1, configuredBoards: ["main"] },
  });
});

test("every fault is reported at once, by name", () => {
  const env = { JWT_SECRET: "short", PASSWORDS: "maybe", QUEUE_MAX: "0", PORT: "http", PARTITIONS: "1.5" };
  expect(() => loadRankerConfig(env)).toThrow(
    expect.objectContaining({
      faults: expect.arrayContaining(
        ["JWT_SECRET", "PASSWORDS", "QUEUE_MAX", "PORT", "PARTITIONS", "REDIS_URL is required"].map((name) =>
          expect.stringContaining(name),
        ),
      ),
    }),
  );
});

test("no fault repeats a secret", () => {
  expect(() => loadRankerConfig({ REDIS_URL, JWT_SECRET: "hunter2" })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
  );
});

test("an identity provider closes registration; its issuer and audience are ours unless named", () => {
  const JWT_JWKS_URL = "https://id.example.com/jwks.json";
  expect(loadRankerConfig({ JWT_SECRET, REDIS_URL })).toMatchObject({ registrationOpen: true });
  expect(
    loadRankerConfig({ JWT_SECRET, REDIS_URL, JWT_JWKS_URL, JWT_ISSUER: "https://id.example.com/" }),
  ).toMatchObject({
    registrationOpen: false,
    tokens: { provider: { jwksUrl: JWT_JWKS_URL, issuer: "https://id.example.com/", audience: "leaderboard" } },
  });
  const named = { JWT_JWKS_ISSUER: "https://id.example.com/", JWT_JWKS_AUDIENCE: "game", JWT_REGION_CLAIM: "zone" };
  expect(loadRankerConfig({ JWT_SECRET, REDIS_URL, JWT_JWKS_URL, ...named })).toMatchObject({
    tokens: {
      issuer: "leaderboard",
      audience: "leaderboard",
      provider: { issuer: "https://id.example.com/", audience: "game", regionClaim: "zone", nameClaim: "name" },
    },
  });
});

test.each(["file:///etc/passwd", "ftp://id.example.com/", "id.example.com"])("a key set at %s is refused", (url) => {
  expect(() => loadRankerConfig({ JWT_SECRET, REDIS_URL, JWT_JWKS_URL: url })).toThrow(/JWT_JWKS_URL must be a URL/);
});

test("archived seasons are read in the databases of the drainer, where the ranker has them", () => {
  const env = { REDIS_URL: "redis://a", JWT_SECRET: "x".repeat(32), REGIONS: "GLOBAL,EU" };
  expect(loadRankerConfig(env).archives).toBeUndefined();
  const [homeUrl, eu] = ["postgres://a/home", "postgres://b/eu"];
  const { archives } = loadRankerConfig({ ...env, POSTGRES_URL: homeUrl, POSTGRES_URL_EU: eu });
  expect(archives?.homeUrl).toBe(homeUrl);
  expect([...(archives?.urlsByRegion ?? [])]).toEqual([
    ["GLOBAL", homeUrl],
    ["EU", eu],
  ]);
  expect(() => loadRankerConfig({ ...env, POSTGRES_URL_EU: eu })).toThrow(
    "POSTGRES_URL is required beside POSTGRES_URL_EU",
  );
});
