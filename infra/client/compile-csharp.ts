import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { findOrAnnounce } from "testing/installed";
import { CSHARP } from "./csharp-sources.ts";

/** The path of Mono's compiler; undefined where it, or the runtime, is not installed. */
export function findMono(): string | undefined {
  const compiler = findOrAnnounce("mcs", "the C# client was not compiled");
  return compiler === undefined ? undefined : findOrAnnounce("mono", "the C# client was not run") && compiler;
}

/**
 * Compiles C# 7, which Unity has from 2018.3 on. A warning is an error.
 *
 * @param sources files, and folders whose files count at any depth
 * @param output a path ending in `.dll` or `.exe`
 * @param options further options of mcs
 */
export async function compileCsharp(sources: string[], output: string, options: string[] = []): Promise<void> {
  const files = (await Promise.all(sources.map(filesOf))).flat();
  const target = output.endsWith(".dll") ? "library" : "exe";
  const fixed = ["-langversion:7", "-warn:4", "-warnaserror", "-r:System.Net.Http.dll", `-target:${target}`];
  const child = Bun.spawn(["mcs", ...fixed, `-out:${output}`, ...options, ...files], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [text, errors, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (status !== 0) throw new Error(`mcs failed:\n${text}${errors}`);
}

/**
 * Compiles what starts a program of {@link compileCsharp} and ends surely behind it.
 *
 * @returns the words ahead of the program's path
 */
export async function compileLauncher(folder: string): Promise<string[]> {
  const launcher = join(folder, "Launcher.exe");
  await compileCsharp([join(CSHARP, "Tests~/Launcher")], launcher);
  return ["mono", "--debug", launcher];
}

async function filesOf(source: string): Promise<string[]> {
  if (source.endsWith(".cs")) return [source];
  const files = await readdir(source, { recursive: true });
  return files.filter((file) => file.endsWith(".cs")).map((file) => join(source, file));
}
