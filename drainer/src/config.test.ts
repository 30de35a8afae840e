import { expect, test } from "bun:test";
import { ConfigError } from "shared/service/environment";
import { loadDrainerConfig } from "./config.ts";

const REDIS_URL = "redis://127.0.0.1:6379";
const POSTGRES_URL = "postgres://u:p@127.0.0.1:5432/board";

test("two URLs are enough", () => {
  const config = loadDrainerConfig({ REDIS_URL, POSTGRES_URL });
  expect(config).toMatchObject({ port: 6060, batchMax: 1000, intervalMs: 50, postgresUrl: POSTGRES_URL });
  expect(config.postgresUrlByRegion.get("EU")).toBe(POSTGRES_URL);
});

test("a region may have a database of its own", () => {
  const eu = "postgres://u:p@eu:5432/board";
  const config = loadDrainerConfig({ REDIS_URL, POSTGRES_URL, POSTGRES_URL_EU: eu });
  expect([config.postgresUrlByRegion.get("EU"), config.postgresUrlByRegion.get("NA")]).toEqual([eu, POSTGRES_URL]);
});

test("all faults of the environment are reported at once, by name", () => {
  const faulty = { REDIS_URL, DRAIN_BATCH_MAX: "0", DRAIN_INTERVAL_MS: "1e3", POSTGRES_URL_MOON: POSTGRES_URL };
  const load = () => loadDrainerConfig(faulty);
  expect(load).toThrow(ConfigError);
  for (const name of ["POSTGRES_URL is required", "DRAIN_BATCH_MAX", "DRAIN_INTERVAL_MS", "POSTGRES_URL_MOON"]) {
    expect(load).toThrow(name);
  }
});

test("a drainer drains all queues, or those of DRAIN_REGIONS", () => {
  const all = loadDrainerConfig({ REDIS_URL, POSTGRES_URL });
  expect([all.drainRegions, all.drainAccounts]).toEqual([["GLOBAL", "ASIA", "EU", "NA"], true]);
  const some = loadDrainerConfig({ REDIS_URL, POSTGRES_URL, DRAIN_REGIONS: "EU, ASIA", DRAIN_ACCOUNTS: "false" });
  expect([some.drainRegions, some.drainAccounts]).toEqual([["ASIA", "EU"], false]);
  const load = () => loadDrainerConfig({ REDIS_URL, POSTGRES_URL, DRAIN_REGIONS: "EU,MOON" });
  expect(load).toThrow("DRAIN_REGIONS names MOON, but REGIONS does not");
});
