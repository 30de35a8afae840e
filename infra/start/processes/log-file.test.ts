import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";
import { createLogFile } from "./log-file.ts";

const dir = await dirForFile();

test("a log file goes on after a restart, and when it is full the lines before move to .old", () => {
  const file = join(dir, "redis.log");
  createLogFile(file, 20)("first");
  const write = createLogFile(file, 20);
  write("second");
  expect(readFileSync(file, "utf8")).toBe("first\nsecond\n");
  write("third line");
  expect([readFileSync(file, "utf8"), readFileSync(`${file}.old`, "utf8")]).toEqual([
    "third line\n",
    "first\nsecond\n",
  ]);
});
