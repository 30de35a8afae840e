import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { commonFields } from "./config.ts";
import { ConfigError, commaList, parseEnvironment, wholeNumber } from "./environment.ts";
import { tokenFields } from "./token-config.ts";

const REDIS_URL = "redis://127.0.0.1:6379";
const fields = { ...commonFields, QUEUE_MAX: wholeNumber(1, 100).default(10), FLAG: z.stringbool().default(false) };
const parse = (env: Record<string, string | undefined>) => parseEnvironment(fields, ["REDIS_URL"], env);
const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    parse(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("an unset or empty variable has its default", () => {
  expect(parse({ REDIS_URL, QUEUE_MAX: "", REGIONS: undefined })).toMatchObject({
    QUEUE_MAX: 10,
    REGIONS: ["GLOBAL", "ASIA", "EU", "NA"],
    BOARDS: ["main"],
    PARTITIONS: 1,
    FLAG: false,
  });
});

test("a region's own URL replaces the common one for that region only", () => {
  const { urlsByRegion } = parse({ REDIS_URL, REGIONS: "EU,NA", REDIS_URL_EU: "rediss://eu:6380" });
  expect([...urlsByRegion.REDIS_URL]).toEqual([
    ["EU", "rediss://eu:6380"],
    ["NA", REDIS_URL],
  ]);
});

test("all faults are reported together, each by its variable's name", () => {
  expect(faultsOf({ QUEUE_MAX: "101", REGIONS: "eu", REDIS_URL_MARS: REDIS_URL, BOARDS: "a,a" })).toEqual([
    "REGIONS must be comma-separated names of capitals, digits and _",
    "BOARDS must not name one twice",
    "REDIS_URL is required",
    "QUEUE_MAX must be from 1 to 100",
    "REDIS_URL_MARS names a region that REGIONS does not",
  ]);
});

test("a URL of another kind is refused, in an override too", () => {
  expect(faultsOf({ REDIS_URL: "http://127.0.0.1", REDIS_URL_EU: "6379" })).toEqual([
    "REDIS_URL must be a URL that begins with redis:// or rediss://",
    "REDIS_URL_EU must be a URL that begins with redis:// or rediss://",
  ]);
});

test("the result cannot be changed", () => {
  expect(Object.isFrozen(parse({ REDIS_URL }))).toBe(true);
});

describe("wholeNumber", () => {
  test.each(["0x10", "1e3", "1.5", "-1", "+1", " 1", "١", "1000000000000000000"])("%p is refused", (text) => {
    expect(wholeNumber(0, Number.MAX_SAFE_INTEGER).safeParse(text).success).toBe(false);
  });
});

test("a comma list drops spaces and empty items", () => {
  expect(commaList.parse(" a, b,,c ")).toEqual(["a", "b", "c"]);
});

describe("a secret that signs tokens", () => {
  const load = (env: Record<string, string>) =>
    parseEnvironment({ ...commonFields, ...tokenFields }, [], { REDIS_URL, ...env });
  const short = ["x", "x".repeat(31), "é".repeat(15), " ".repeat(31)];

  test.each(short)("%p is too short as the present or the previous secret", (text) => {
    expect(() => load({ JWT_SECRET: text })).toThrow("JWT_SECRET must have at least 32 bytes");
    const previous = { JWT_SECRET: "x".repeat(32), JWT_SECRET_PREVIOUS: text };
    expect(() => load(previous)).toThrow("JWT_SECRET_PREVIOUS must have at least 32 bytes");
  });

  test("is required, and its length is counted in bytes", () => {
    expect(() => load({})).toThrow("JWT_SECRET is required");
    expect(load({ JWT_SECRET: "é".repeat(16) }).JWT_SECRET).toBe("é".repeat(16));
  });
});
