import { expect, test } from "bun:test";
import { ConfigError, type Environment } from "shared/service/environment";
import { toStackOptions } from "./stack-options.ts";

const NO_FLAGS = { fresh: false, nginx: false, "no-drainer": false };

const faultsOf = (env: Environment): readonly string[] => {
  try {
    toStackOptions(NO_FLAGS, env, "/project");
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("by default the stack has its known ports, keeps its data in .data of the project, and has a drainer", () => {
  expect(toStackOptions(NO_FLAGS, {}, "/project")).toEqual({
    dataDir: "/project/.data",
    fresh: false,
    withDrainer: true,
    ports: { GATEWAY_PORT: 4000, RANKER_PORT: 5000, DRAINER_PORT: 6060, REDIS_PORT: 6390, POSTGRES_PORT: 5490 },
  });
});

test("flags and variables replace the defaults", () => {
  const env = { GATEWAY_PORT: "80", DATA_DIR: "/srv/board" };
  expect(toStackOptions({ fresh: true, nginx: false, "no-drainer": true }, env, "/project")).toMatchObject({
    dataDir: "/srv/board",
    fresh: true,
    withDrainer: false,
    ports: { GATEWAY_PORT: 80 },
  });
});

test("nginx has a port of its own, which is read where nginx is wanted alone", () => {
  const withNginx = { ...NO_FLAGS, nginx: true };
  expect(toStackOptions(withNginx, {}, "/project").nginxPort).toBe(8080);
  expect(toStackOptions(withNginx, { NGINX_PORT: "81" }, "/project").nginxPort).toBe(81);
  expect(toStackOptions(NO_FLAGS, { NGINX_PORT: "none" }, "/project").nginxPort).toBeUndefined();
  expect(() => toStackOptions(withNginx, { NGINX_PORT: "none" }, "/project")).toThrow(
    "NGINX_PORT must be a whole number",
  );
  expect(() => toStackOptions(withNginx, { NGINX_PORT: "4000" }, "/project")).toThrow("would share a port");
});

test("faults of the environment are reported all at once, each with its variable", () => {
  expect(faultsOf({ GATEWAY_PORT: "http", REDIS_PORT: "70000" })).toEqual([
    "GATEWAY_PORT must be a whole number",
    "REDIS_PORT must be from 1 to 65533",
  ]);
  expect(faultsOf({ GATEWAY_PORT: "5001" })).toEqual([
    "two processes would share a port: 5001, 5000, 5001, 6060, 6390, 5490",
  ]);
});
