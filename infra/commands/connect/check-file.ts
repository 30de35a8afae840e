import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "shared/service/environment";

/** @throws ConfigError where this file cannot be read */
export async function requireReadable(file: string): Promise<void> {
  const kind = await kindOf(file);
  if (kind === undefined) throw new ConfigError([`there is no file ${file}`]);
  if (kind === "folder") throw new ConfigError([`${file} is a folder`]);
  if (!(await may(file, constants.R_OK))) throw new ConfigError([`${file} may not be read: change its permissions`]);
}

/** @throws ConfigError where this file cannot be made */
export async function requireWritable(file: string): Promise<void> {
  const folder = dirname(file);
  const kind = await kindOf(folder);
  if (kind === undefined) throw new ConfigError([`there is no folder ${folder}`]);
  if (kind !== "folder") throw new ConfigError([`${folder} is no folder`]);
  if ((await kindOf(file)) === "folder") throw new ConfigError([`${file} is a folder`]);
  const mayWrite = await may(folder, constants.W_OK | constants.X_OK);
  if (!mayWrite) throw new ConfigError([`no file may be made in ${folder}: change its permissions`]);
}

/** @returns `undefined` where nothing has that name */
async function kindOf(path: string): Promise<"folder" | "other" | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? "folder" : "other";
}

const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
