import { expect, test } from "bun:test";
import { ConfigError } from "shared/service/config";
import { readOptions } from "./options.ts";

const faultsOf = (args: string[], env: Record<string, string>): readonly string[] => {
  try {
    readOptions(args, env, "/project");
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("without anything said: the known ports, .data in the project, everything kept", () => {
  expect(readOptions([], {}, "/project")).toEqual({
    dataDir: "/project/.data",
    fresh: false,
    withDrainer: true,
    ports: { GATEWAY_PORT: 4000, RANKER_PORT: 5000, DRAINER_PORT: 6060, REDIS_PORT: 6390, POSTGRES_PORT: 5490 },
  });
});

test("what is said counts", () => {
  const options = readOptions(["--fresh", "--no-drainer"], { GATEWAY_PORT: "80", DATA_DIR: "/srv/board" }, "/project");
  expect(options).toMatchObject({
    dataDir: "/srv/board",
    fresh: true,
    withDrainer: false,
    ports: { GATEWAY_PORT: 80 },
  });
});

test("--help asks for nothing else", () => {
  expect(readOptions(["--help"], { GATEWAY_PORT: "http" }, "/project")).toBeUndefined();
});

test("faults are named, all at once", () => {
  expect(faultsOf([], { GATEWAY_PORT: "http", REDIS_PORT: "70000" })).toEqual([
    "GATEWAY_PORT must be a whole number",
    "REDIS_PORT must be from 1 to 65533",
  ]);
  expect(faultsOf([], { GATEWAY_PORT: "5001" })).toEqual([
    "two processes would share a port: 5001, 5000, 5001, 6060, 6390, 5490",
  ]);
  expect(faultsOf(["now"], {})).toHaveLength(1);
});
