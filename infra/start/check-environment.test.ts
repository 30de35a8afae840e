import { expect, test } from "bun:test";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type Environment } from "shared/service/environment";
import { dirForFile } from "testing/for-file";
import { readStackOptions } from "./check-environment.ts";

const dir = await dirForFile();
const NO_FLAGS = { fresh: false, nginx: false, "no-drainer": false };

function faultsOf(env: Environment, flags = NO_FLAGS): readonly string[] {
  try {
    readStackOptions(flags, { DATA_DIR: dir, ...env }, "/project");
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

test("every fault is named at once: of ports, of regions, of services, of what is replaced, of the folder", () => {
  const env = { GATEWAY_PORT: "x", REGIONS: "a b", QUEUE_MAX: "many", NODE_ENV: "prod", PARTITIONS: "0" };
  expect([...faultsOf(env)].sort()).toEqual([
    "GATEWAY_PORT must be a whole number",
    "NODE_ENV must be one of development, production, test",
    expect.stringMatching(/^PARTITIONS must be from 1 to /),
    "QUEUE_MAX must be a whole number",
    "REGIONS must be comma-separated names of capitals, digits and _",
  ]);
});

test.each([
  ["/proc/x", "DATA_DIR is /proc/x, and nothing can be written in /proc (ENOENT): choose another folder"],
  ["/etc/hostname/x", "DATA_DIR is /etc/hostname/x, and /etc/hostname is no folder"],
])("a folder that cannot be made is told: %s", (folder, fault) => {
  expect(faultsOf({ DATA_DIR: folder })).toEqual([fault]);
});

test("the check of a folder leaves nothing behind, and makes none", async () => {
  expect(faultsOf({ DATA_DIR: join(dir, "a/b") })).toEqual([]);
  expect(await readdir(dir)).toEqual([]);
});

test("another number of partitions than that of the kept data is a fault, unless the data is removed", async () => {
  const file = join(dir, "stack.env");
  await writeFile(file, "REGIONS=EU\nPARTITIONS=2\n");
  expect(faultsOf({ PARTITIONS: "0" })).toEqual(["PARTITIONS must be from 1 to 1024"]);
  expect(faultsOf({ PARTITIONS: "4", NODE_ENV: "prod" })).toEqual([
    "NODE_ENV must be one of development, production, test",
    "PARTITIONS is 4, but the kept data has 2: start without PARTITIONS, then run ./lb repartition --to 4",
  ]);
  expect(faultsOf({ PARTITIONS: "2" })).toEqual([]);
  expect(faultsOf({})).toEqual([]);
  expect(faultsOf({ PARTITIONS: "4" }, { ...NO_FLAGS, fresh: true })).toEqual([]);
  await rm(file);
});
