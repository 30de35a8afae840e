import { expect, test } from "bun:test";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { loadGatewayConfig } from "../../gateway/src/config.ts";
import { loadRankerConfig } from "../../ranker/src/config.ts";
import { databasesOf, regionsOf, serviceEnvironment } from "./environment.ts";
import { toStackOptions } from "./stack-options.ts";

const addresses = {
  redisUrl: "redis://127.0.0.1:6390",
  postgresUrl: (database: string) => `postgres://127.0.0.1:5490/${database}`,
  jwtSecret: "x".repeat(48),
};
const options = toStackOptions({ fresh: false, nginx: false, "no-drainer": false }, {}, "/project");
const environmentOf = (env: Record<string, string>) => serviceEnvironment(env, addresses, options);

test("the environment of the stack is valid for all three services", () => {
  const env = environmentOf({});
  expect(loadGatewayConfig(env).rankerUrls).toEqual(["http://127.0.0.1:5000", "http://127.0.0.1:5001"]);
  expect(loadRankerConfig(env).passwordsRequired).toBe(false);
  const { postgresUrl, postgresUrlByRegion } = loadDrainerConfig(env);
  expect(postgresUrl).toEndWith("/leaderboard_global");
  expect(postgresUrlByRegion.get("EU")).toEndWith("/leaderboard_eu");
});

test("stores, secrets and hosts of a .env for production are not used", () => {
  const production = {
    REDIS_URL: "redis://prod",
    REDIS_URL_EU: "redis://prod-eu",
    POSTGRES_URL: "postgres://prod/x",
    HOST: "0.0.0.0",
    JWT_SECRET: "p".repeat(48),
    LEADERBOARD_SERVICE_URLS: "http://prod",
    NODE_ENV: "production",
  };
  const env: Record<string, string> = environmentOf(production);
  expect(Object.values(env).filter((value) => value.includes("prod"))).toEqual([]);
  expect([env.HOST, env.JWT_SECRET]).toEqual([undefined, addresses.jwtSecret]);
});

test("limits, regions and boards can be set by variables", () => {
  const env: Record<string, string> = environmentOf({ REGIONS: "EU,MARS", QUEUE_MAX: "7", RATE_ADDRESS_BURST: "3" });
  expect(env).toMatchObject({ REGIONS: "EU,MARS", QUEUE_MAX: "7", RATE_ADDRESS_BURST: "3" });
  expect(env.POSTGRES_URL_MARS).toEndWith("/leaderboard_mars");
  expect(databasesOf(regionsOf({ REGIONS: "EU,MARS" }))).toEqual(
    ["global", "eu", "mars"].map((it) => `leaderboard_${it}`),
  );
});
