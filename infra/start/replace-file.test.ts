import { afterEach, beforeEach, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { scratchDir } from "stack/scratch-dir";
import { partNameOf, replaceFile } from "./replace-file.ts";

let dir: string;
beforeEach(async () => {
  dir = await scratchDir();
});
afterEach(() => rm(dir, { recursive: true }));

test("a link under the file's name is replaced, and its target stays as it is", () => {
  const [file, target] = [join(dir, "file"), join(dir, "target")];
  writeFileSync(target, "precious");
  symlinkSync(target, file);
  replaceFile(file, "new");
  expect([readFileSync(target, "utf8"), readFileSync(file, "utf8")]).toEqual(["precious", "new"]);
  expect(lstatSync(file).isSymbolicLink()).toBe(false);
  expect(lstatSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir).sort()).toEqual(["file", "target"]);
});

test("a file that cannot be renamed leaves no partial file", () => {
  mkdirSync(join(dir, "folder"));
  expect(() => replaceFile(join(dir, "folder"), "new")).toThrow();
  expect(readdirSync(dir)).toEqual(["folder"]);
});

test("every partial file has a name of its own", () => {
  expect(partNameOf("board.csv")).not.toBe(partNameOf("board.csv"));
});
