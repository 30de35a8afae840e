import { expect, test } from "bun:test";
import { join } from "node:path";
import { problemStatus } from "shared/api/problems";
import { ROOT } from "./list-files.ts";

test("the table of errors in docs/api.md has every code in the row of its status", async () => {
  const text = await Bun.file(join(ROOT, "docs/api.md")).text();
  const errors = text.slice(text.indexOf("\n## Errors"), text.indexOf("\n## Client"));
  const rows = errors.split("\n").filter((line) => /^\| \d{3}/.test(line));
  const absent = Object.entries(problemStatus).filter(
    ([code, status]) => !rows.some((row) => row.split("|")[1]?.includes(String(status)) && row.includes(`\`${code}\``)),
  );
  expect(absent).toEqual([]);
});
