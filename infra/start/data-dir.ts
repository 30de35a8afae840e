import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { ConfigError } from "shared/service/environment";
import { isReachableByAll } from "stack/postgres-home";
import { replaceFile } from "./replace-file.ts";

/**
 * Made at the first start and kept: tokens and the database password stay valid after a restart.
 */
export interface Secrets {
  jwtSecret: string;
  postgresPassword: string;
}

const SECRET_BYTES = 48;
const newSecret = () => randomBytes(SECRET_BYTES).toString("base64url");

/** The data folder of the embedded stack. */
export interface DataDir {
  readonly path: string;
  readonly redisDir: string;
  readonly postgresDir: string;
  readonly secrets: Secrets;
  /** Writes `stack.env`, from which commands learn the addresses of the stores. */
  writeEnvironment(env: Record<string, string>): void;
}

const fileOf = (path: string) => join(path, "stack.env");

/** @returns the number that the last run of the stack found; `undefined` where that is not known */
export function readKeptPartitions(path: string): string | undefined {
  const file = fileOf(path);
  return existsSync(file) ? /^PARTITIONS=(\d+)$/m.exec(readFileSync(file, "utf8"))?.[1] : undefined;
}

/** Changes nothing. @throws ConfigError where the folder is not there and cannot be made */
export function requireDataDir(path: string): void {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory()) throw new ConfigError([`DATA_DIR is ${path}, and ${folder} is no folder`]);
  try {
    // A file of our own: what a mount such as /proc allows shows only when it is tried.
    const probe = mkdtempSync(join(folder, ".leaderboard-"));
    rmSync(probe, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      `DATA_DIR is ${path}, and nothing can be written in ${folder} (${code}): choose another folder`,
    ]);
  }
}

/** Makes the folder or uses an existing one. `fresh` removes its data and secrets first. */
export function openDataDir(path: string, fresh: boolean): DataDir {
  const redisDir = join(path, "redis");
  const postgresDir = postgresDirOf(path);
  const secretsFile = join(path, "secrets.json");
  if (fresh) for (const each of [redisDir, postgresDir, secretsFile]) rmSync(each, { recursive: true, force: true });
  return {
    path,
    redisDir,
    postgresDir,
    secrets: readOrMakeSecrets(secretsFile),
    writeEnvironment(env) {
      const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
      replaceFile(fileOf(path), lines.join(""));
    },
  };
}

/**
 * PostgreSQL does not run as root, and the user it runs under cannot enter a private folder, such
 * as a clone in `/root`. Its data is then in `/var/tmp`, under a hash of the folder's path.
 */
function postgresDirOf(path: string): string {
  const inside = join(path, "postgres");
  if (userInfo().uid !== 0 || isReachableByAll(path)) return inside;
  const digest = createHash("sha256").update(realpathSync(path)).digest("hex").slice(0, 16);
  return join("/var/tmp", `leaderboard-postgres-${digest}`);
}

function readOrMakeSecrets(file: string): Secrets {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Secrets;
  const secrets = { jwtSecret: newSecret(), postgresPassword: newSecret() };
  replaceFile(file, `${JSON.stringify(secrets)}\n`);
  return secrets;
}
