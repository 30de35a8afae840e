import { join } from "node:path";

/** The folder of the project. */
export const ROOT = join(import.meta.dir, "../..");

/** The folders that have sources and documents of the project. */
export const FOLDERS = ["shared", "gateway", "ranker", "drainer", "infra", "k6", "docs", "examples"];

/** Files that match a pattern, relative to the root, without installed packages. */
export const listFiles = (pattern: string): string[] =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT, dot: true })].filter((file) => !file.includes("node_modules/"));
