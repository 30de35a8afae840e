import { expect, test } from "bun:test";
import { join } from "node:path";

/**
 * The tests that use Redis most; `npm run test:cluster` runs all tests of the ranker and the
 * drainer.
 */
const FILES = [
  "ranker/src/boards/boards.test.ts",
  "ranker/src/writes/submit.test.ts",
  "drainer/src/drain/drain.test.ts",
  "drainer/src/restore/restore.test.ts",
];

test("the ranker and the drainer pass the same tests on a Redis Cluster", async () => {
  const child = Bun.spawn([process.execPath, "test", "--timeout", "30000", ...FILES.map((file) => `./${file}`)], {
    cwd: join(import.meta.dir, "../.."),
    env: { ...process.env, TEST_REDIS: "cluster" },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
}, 240_000);
