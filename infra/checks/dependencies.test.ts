import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { listFiles, ROOT } from "./list-files.ts";

interface Manifest {
  workspaces?: string[];
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const readManifest = (folder: string): Promise<Manifest> => Bun.file(join(ROOT, folder, "package.json")).json();
const { workspaces = [] } = await readManifest(".");
const folders = [".", ...workspaces];
const manifests = new Map(
  await Promise.all(folders.map(async (folder) => [folder, await readManifest(folder)] as const)),
);
const dependenciesOf = ({ dependencies, devDependencies }: Manifest) =>
  Object.entries({ ...dependencies, ...devDependencies });

/** Packages that no file imports, and the command that uses each. */
const COMMANDS: Record<string, string> = { "@biomejs/biome": "biome ci", typescript: "tsc --noEmit" };

describe.each(folders)("the dependencies of %s", (folder) => {
  const manifest = manifests.get(folder) ?? {};

  test("are all used", async () => {
    const isOfAnother = (file: string) => folder === "." && /^(shared|gateway|ranker|drainer)\//.test(file);
    const files = listFiles(join(folder, "**/*.{ts,json}")).filter(
      (file) => !isOfAnother(file) && !/(^|\/)package\.json/.test(file),
    );
    const texts = await Promise.all(files.map((file) => Bun.file(join(ROOT, file)).text()));
    const text = [...texts, ...Object.values(manifest.scripts ?? {})].join("\n");
    const isUsed = (name: string) =>
      text.includes(COMMANDS[name] ?? "\0") || new RegExp(`["\`/]${name.replace("@types/", "")}["/]`).test(text);
    expect(dependenciesOf(manifest).flatMap(([name]) => (isUsed(name) ? [] : [name]))).toEqual([]);
  });

  test("are pinned to the same version in all workspaces, and name no service", () => {
    const versions = new Map([...manifests.values()].flatMap(dependenciesOf));
    for (const [name, version] of dependenciesOf(manifest)) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^(\d+\.\d+\.\d+(-[\w.]+)?|workspace:\*)$/)]);
      if (version === "workspace:*") expect(["shared", "leaderboard-client", "stack", "testing"]).toContain(name);
      expect([name, version]).toEqual([name, versions.get(name) ?? ""]);
    }
  });
});
