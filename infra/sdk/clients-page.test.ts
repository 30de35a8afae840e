import { expect, test } from "bun:test";
import { join } from "node:path";
import { ROOT } from "../checks/list-files.ts";
import { generators } from "./generators.ts";

const page = await Bun.file(join(ROOT, "docs/clients.md")).text();

test.each(generators)("docs/clients.md shows the commands that make a client with $name", ({ make }) => {
  for (const command of make.split("\n")) expect(page).toContain(`\n${command}\n`);
});

test("docs/clients.md shows the program in Python as it is run", async () => {
  const program = await Bun.file(join(import.meta.dir, "programs/python-client.py")).text();
  expect(page).toContain(`\`\`\`python\n${program}\`\`\``);
});
