import { expect, test } from "bun:test";
import { readImporters, testsOf } from "./import-graph.ts";

const importers = await readImporters({ withProcesses: false });

test("a change runs the tests that reach the file through any number of imports, and no others", () => {
  const graph = new Map([
    ["a/script.lua", new Set(["a/script.ts"])],
    ["a/script.ts", new Set(["b/user.ts", "a/script.test.ts"])],
    ["b/user.ts", new Set(["b/user.test.ts", "a/script.ts"])],
  ]);
  const tests = ["a/other.test.ts", "a/script.test.ts", "b/user.test.ts"];
  expect(testsOf(graph, tests, ["a/script.lua"])).toEqual(["a/script.test.ts", "b/user.test.ts"]);
  expect(testsOf(graph, tests, ["a"])).toEqual(tests);
  expect(testsOf(graph, tests, ["b/user.ts"])).toEqual(["a/script.test.ts", "b/user.test.ts"]);
  expect(testsOf(graph, tests, ["b/user.test.ts"])).toEqual(["b/user.test.ts"]);
});

test("the graph knows imports by path, by workspace name and of Lua, and commands that are named in a string", () => {
  const isImported = (file: string, by: RegExp) => [...(importers.get(file) ?? [])].some((each) => by.test(each));
  expect(isImported("infra/checks/import-graph.ts", /^infra\/checks\/import-graph\.test\.ts$/)).toBe(true);
  expect(isImported("shared/src/redis/keys.ts", /^ranker\//)).toBe(true);
  expect(isImported("ranker/src/writes/submit.lua", /^ranker\/src\/writes\//)).toBe(true);
  expect(isImported("infra/start/start.ts", /stack-under-test\.ts$/)).toBe(true);
});

test("only with processes, the mains of the services count as imported by what starts them", async () => {
  const starter = "infra/testing/services/service-under-test.ts";
  const all = await readImporters({ withProcesses: true });
  expect(importers.get("ranker/src/main.ts")?.has(starter)).not.toBe(true);
  expect(all.get("ranker/src/main.ts")?.has(starter)).toBe(true);
});
