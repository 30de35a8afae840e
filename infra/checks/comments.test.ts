import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FOLDERS, listFiles, ROOT } from "./list-files.ts";

const COLUMNS_MAX = 100;
const COMMENT = /^\s*(\/\/|\/\*\*|\*|--)/;

test(`comments wrap at ${COLUMNS_MAX} columns`, () => {
  // A migration that has run somewhere is not changed any more.
  const files = listFiles(`{${FOLDERS.join(",")}}/**/*.{ts,tsx,lua,sql,cs}`).filter(
    (file) => !file.includes("/migrations/"),
  );
  expect(files).not.toBeEmpty();
  const long = files.flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (COMMENT.test(line) && line.length > COLUMNS_MAX ? [`${file}:${index + 1}`] : [])),
  );
  expect(long).toEqual([]);
});
