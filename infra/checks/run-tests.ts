import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { readImporters, testsOf } from "./import-graph.ts";

const HELP = `Runs the tests: all of them, or those that a change to the named folders and files can break.

  npm test [-- PATH… [--all] [options of bun test]]

  --all   also the tests that reach a PATH only through a service that they start as a process
`;

const root = join(import.meta.dir, "../..");

/** Replaces each path by the tests that it concerns. Other arguments are for `bun test`. */
async function toBunArguments(given: readonly string[]): Promise<string[]> {
  const isPath = (each: string, index: number) =>
    !each.startsWith("-") && given[index - 1] !== "-t" && existsSync(each);
  const paths = given.filter(isPath).map((path) => relative(".", path));
  const others = given.filter((each, index) => each !== "--all" && !isPath(each, index));
  if (paths.length === 0) return others;
  const importers = await readImporters(root, { withProcesses: given.includes("--all") });
  const all = [...new Bun.Glob("{shared,gateway,ranker,drainer,infra}/**/*.test.ts").scanSync(root)];
  const found = testsOf(importers, all, paths);
  if (found.length === 0) throw new Error(`No test imports ${paths.join(", ")}.`);
  return [...found.map((test) => `./${test}`), ...others];
}

if (import.meta.main) {
  process.chdir(root);
  const given = process.argv.slice(2);
  if (given.includes("--help")) {
    process.stdout.write(HELP);
  } else {
    const bunArguments = await toBunArguments(given);
    // Takes the place of this process, so that signals and the exit code are those of the tests.
    process.execve?.(process.execPath, [process.execPath, "test", "--timeout", "30000", ...bunArguments]);
  }
}
