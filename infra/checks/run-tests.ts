import { existsSync } from "node:fs";
import { relative } from "node:path";
import { readImporters, testsOf } from "./import-graph.ts";
import { FOLDERS, listFiles, ROOT } from "./list-files.ts";

const HELP = `Runs the tests: all of them, or those that a change to the named folders and files can break.

  npm test [-- PATH… [--all] [options of bun test]]

  --all   also the tests that reach a PATH only through a service that they start as a process
`;

/**
 * Test files that run at the same time. With three, a machine of two cores has no idle time left:
 * tests take two thirds of the time, and tests of faults find services that answer too late.
 */
const FILES_AT_ONCE = 2;

/**
 * Splits arguments into paths of files or folders that exist, and the rest, which is for `bun
 * test`.
 */
function splitArguments(given: readonly string[]): { paths: string[]; others: string[] } {
  const isPath = (each: string, index: number) =>
    !each.startsWith("-") && given[index - 1] !== "-t" && existsSync(each);
  return {
    paths: given.filter(isPath).map((path) => relative(".", path)),
    others: given.filter((each, index) => each !== "--all" && !isPath(each, index)),
  };
}

/** The test files that changes to `paths` can break, as `bun test` takes exact paths. */
async function findTests(paths: readonly string[], withProcesses: boolean): Promise<string[]> {
  const importers = await readImporters({ withProcesses });
  return testsOf(importers, listFiles(`{${FOLDERS}}/**/*.test.ts`), paths).map((test) => `./${test}`);
}

async function run(given: readonly string[]): Promise<void> {
  const { paths, others } = splitArguments(given);
  const tests = paths.length === 0 ? [] : await findTests(paths, given.includes("--all"));
  if (paths.length > 0 && tests.length === 0) {
    process.stderr.write(`No test imports ${paths.join(" or ")}.\n`);
    process.exitCode = 1;
    return;
  }
  // bun test takes the place of this process, so that signals reach it and its exit code is ours.
  const options = ["--timeout", "30000", `--parallel=${FILES_AT_ONCE}`];
  process.execve?.(process.execPath, [process.execPath, "test", ...options, ...tests, ...others]);
}

if (import.meta.main) {
  const given = process.argv.slice(2);
  process.chdir(ROOT);
  if (given.includes("--help")) process.stdout.write(HELP);
  else await run(given);
}
