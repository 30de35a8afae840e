/**
 * Unity ignores a file of a package without a `.meta` beside it. Run as a command it writes them
 * all.
 */

import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { CSHARP } from "./csharp-sources.ts";

const IMPORTERS: Record<string, string> = {
  ".cs": "MonoImporter",
  ".asmdef": "AssemblyDefinitionImporter",
  ".md": "TextScriptImporter",
};

/**
 * The metas of the package by their paths. A GUID follows from the path: Unity's references to a
 * file stay as long as it keeps its name.
 */
export async function unityMetas(): Promise<Map<string, string>> {
  const entries = await readdir(CSHARP, { recursive: true, withFileTypes: true });
  const metas = entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(CSHARP.length + 1);
    // As Unity does: what begins with a dot or ends with a tilde is not part of the project.
    if (path.endsWith(".meta") || /(^|\/)(\.|bin\/|bin$|obj\/|obj$)|~(\/|$)/.test(path)) return [];
    return [[`${path}.meta`, toMeta(path, entry.isDirectory())] as const];
  });
  return new Map(metas);
}

function toMeta(path: string, isFolder: boolean): string {
  const guid = createHash("md5").update(`com.leaderboard.client/${path}`).digest("hex");
  const importer =
    path === "package.json" ? "PackageManifestImporter" : (IMPORTERS[extname(path)] ?? "DefaultImporter");
  return `fileFormatVersion: 2
guid: ${guid}
${isFolder ? "folderAsset: yes\n" : ""}${isFolder ? "DefaultImporter" : importer}:
  externalObjects: {}
  userData: ''
  assetBundleName: ''
  assetBundleVariant: ''
`;
}

if (import.meta.main) {
  for (const [path, text] of await unityMetas()) await writeFile(join(CSHARP, path), text);
}
