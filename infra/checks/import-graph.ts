import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { FOLDERS, listFiles, ROOT } from "./list-files.ts";

/** The importers of each file. Paths are relative to the root of the project. */
export type Importers = ReadonlyMap<string, ReadonlySet<string>>;

const SERVICE_MAINS = ["gateway/src/main.ts", "ranker/src/main.ts", "drainer/src/main.ts"];
const transpiler = new Bun.Transpiler({ loader: "ts" });

/**
 * Reads the imports of all sources, Lua and SQL included, imports of types left out. A file that is
 * named in a string counts as imported: tests run commands and read documents by their path.
 *
 * @param options.withProcesses count the mains of all services as imported by a file that starts
 *   services
 */
export async function readImporters(options: { withProcesses: boolean }): Promise<Importers> {
  const importers = new Map<string, Set<string>>();
  for (const file of listFiles(`{${FOLDERS}}/**/*.ts`)) {
    const text = await Bun.file(join(ROOT, file)).text();
    const files = [...importsOf(file, text), ...filesNamedIn(file, text)];
    if (options.withProcesses && text.includes('"src/main.ts"')) files.push(...SERVICE_MAINS);
    for (const imported of files) importers.set(imported, (importers.get(imported) ?? new Set()).add(file));
  }
  return importers;
}

/**
 * The test files that a change below `folders` can break, sorted. A path may also name one file.
 */
export function testsOf(importers: Importers, tests: readonly string[], folders: readonly string[]): string[] {
  const isNamed = (file: string) => folders.some((folder) => !relative(folder, file).startsWith(".."));
  const reached = new Set([...importers.keys(), ...tests].filter(isNamed));
  // The iteration includes files that it adds, so it reaches importers of importers.
  for (const file of reached) for (const importer of importers.get(file) ?? []) reached.add(importer);
  return tests.filter((test) => reached.has(test)).toSorted();
}

function importsOf(file: string, text: string): string[] {
  return transpiler
    .scanImports(text)
    .filter(({ path }) => /^(\.|shared\/|leaderboard-client|stack\/|testing\/)/.test(path))
    .map(({ path }) => relative(ROOT, Bun.resolveSync(path, resolve(ROOT, dirname(file)))));
}

function filesNamedIn(file: string, text: string): string[] {
  const withoutTypes = text.replace(/^(import|export) type [^;]*;$/gm, "");
  const named = [...withoutTypes.matchAll(/["'`}]\/?([\w./-]+\.\w+)["'`]/g)].map(([, path = ""]) => path);
  return named.flatMap((path) => [join(dirname(file), path), path]).filter((path) => existsSync(join(ROOT, path)));
}
