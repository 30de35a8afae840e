import { describe, expect, test } from "bun:test";
import { ConfigError } from "shared/service/environment";
import { loadGatewayConfig } from "./config.ts";

const env = {
  JWT_SECRET: "x".repeat(32),
  REDIS_URL: "redis://127.0.0.1:6379",
  LEADERBOARD_SERVICE_URLS: "http://127.0.0.1:5000, http://127.0.0.1:5001",
};

test("three variables are enough", () => {
  expect(loadGatewayConfig(env)).toMatchObject({
    name: "gateway",
    port: 4000,
    rankerUrls: ["http://127.0.0.1:5000", "http://127.0.0.1:5001"],
    limits: { user: { perSecond: 20, burst: 40 }, address: { perSecond: 20, burst: 100 } },
  });
});

test("no address is a trusted proxy unless it is named", () => {
  expect(loadGatewayConfig(env).trustedProxies.check("127.0.0.1")).toBe(false);
  const { trustedProxies } = loadGatewayConfig({ ...env, TRUSTED_PROXIES: "10.0.0.0/8, fd00::1" });
  expect(trustedProxies.check("10.1.2.3")).toBe(true);
  expect(trustedProxies.check("fd00::1", "ipv6")).toBe(true);
  expect(trustedProxies.check("fd00::2", "ipv6")).toBe(false);
});

test("no page of another origin may call unless named", () => {
  expect(loadGatewayConfig(env).corsOrigins).toEqual([]);
  const named = { ...env, CORS_ORIGINS: "https://play.example, http://localhost:5173" };
  expect(loadGatewayConfig(named).corsOrigins).toEqual(["https://play.example", "http://localhost:5173"]);
  expect(loadGatewayConfig({ ...env, CORS_ORIGINS: "*" }).corsOrigins).toEqual(["*"]);
});

describe("faults are named", () => {
  test.each([
    ["LEADERBOARD_SERVICE_URLS", ""],
    ["LEADERBOARD_SERVICE_URLS", " , "],
    ["LEADERBOARD_SERVICE_URLS", "127.0.0.1:5000"],
    ["LEADERBOARD_SERVICE_URLS", "http://a,http://a"],
    ["TRUSTED_PROXIES", "10.0.0.0/33"],
    ["TRUSTED_PROXIES", "proxy.internal"],
    ["TRUSTED_PROXIES", "10.0.0.0/8/8"],
    ["CORS_ORIGINS", "play.example"],
    ["CORS_ORIGINS", "https://play.example/"],
    ["CORS_ORIGINS", "https://play.example:443"],
    ["CORS_ORIGINS", "https://Play.example"],
    ["CORS_ORIGINS", "https://*.example"],
    ["CORS_ORIGINS", "https://play.example, *"],
    ["CORS_ORIGINS", "null"],
    ["CORS_ORIGINS", "ftp://play.example"],
    ["RATE_USER_PER_SECOND", "0"],
    ["RATE_ADDRESS_BURST", "many"],
  ])("%s=%p", (name, value) => {
    const load = () => loadGatewayConfig({ ...env, [name]: value });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(expect.objectContaining({ faults: [expect.stringContaining(name)] }));
  });
});
