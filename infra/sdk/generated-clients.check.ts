import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { scratchDir } from "stack/scratch-dir";
import { announceSkipped, installed } from "testing/installed";
import { generators, runGenerator } from "./generators.ts";
import { startStack } from "./stack.ts";

/** Packages are loaded and compiled. */
const TIMEOUT_MS = 600_000;

const { url, document } = await startStack();

for (const generator of generators) {
  const { name, needs } = generator;
  const missing = needs.filter((need) => (need.startsWith("/") ? !existsSync(need) : installed(need) === undefined));
  if (missing.length > 0) announceSkipped(`${missing.join(", ")} not installed, so no client of ${name} was made`);
  test.skipIf(missing.length > 0)(
    `a client that ${name} makes registers, writes 2^53-1, reads it and a board, and decodes a 404 and a 422`,
    async () => {
      const written = await runGenerator(generator, { folder: await scratchDir(), document, url });
      expect(written.split("\n")).toEqual([
        "submitted 9007199254740991",
        "rank 1 of 9007199254740991",
        "top 9007199254740991",
        "board main, bounds none",
        "404 not_ranked",
        "422 score_out_of_range",
      ]);
    },
    TIMEOUT_MS,
  );
}

test.skipIf(installed("npx") === undefined)(
  "Spectral finds nothing in the document",
  async () => {
    const folder = await scratchDir();
    await Bun.write(join(folder, "openapi.json"), document);
    await Bun.write(join(folder, "rules.yaml"), "extends: spectral:oas\n");
    const lint = ["lint", "--fail-severity=hint", "--ruleset", "rules.yaml", "openapi.json"];
    const child = Bun.spawn(["npx", "--yes", "@stoplight/spectral-cli@6.16.3", ...lint], {
      cwd: folder,
      stdout: "pipe",
    });
    const found = await child.stdout.text();
    expect({ code: await child.exited, found }).toEqual({ code: 0, found: expect.stringContaining("No results") });
  },
  TIMEOUT_MS,
);
