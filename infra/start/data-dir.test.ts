import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { openDataDir } from "./data-dir.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "leaderboard-data-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const modeOf = (file: string) => statSync(join(dir, file)).mode & 0o777;

test("secrets are made once, and only the owner can read them", () => {
  const { secrets } = openDataDir(dir, false);
  expect(secrets.jwtSecret.length).toBeGreaterThanOrEqual(48);
  expect(secrets.jwtSecret).not.toBe(secrets.postgresPassword);
  expect(modeOf("secrets.json")).toBe(0o600);
  expect(openDataDir(dir, false).secrets).toEqual(secrets);
});

test("fresh removes the data and the secrets, and no other file", () => {
  const { secrets, redisDir } = openDataDir(dir, false);
  mkdirSync(redisDir);
  writeFileSync(join(redisDir, "appendonly.aof"), "");
  mkdirSync(join(dir, "tools"));
  expect(openDataDir(dir, true).secrets).not.toEqual(secrets);
  expect([existsSync(redisDir), existsSync(join(dir, "tools"))]).toEqual([false, true]);
});

test("stack.env is readable by its owner alone, also where an old one was readable by all", () => {
  writeFileSync(join(dir, "stack.env"), "", { mode: 0o644 });
  openDataDir(dir, false).writeEnvironment({ REDIS_URL: "redis://127.0.0.1:1", REGIONS: "EU,NA" });
  expect(readFileSync(join(dir, "stack.env"), "utf8")).toBe("REDIS_URL=redis://127.0.0.1:1\nREGIONS=EU,NA\n");
  expect(modeOf("stack.env")).toBe(0o600);
});

test.if(userInfo().uid === 0)("as root in a private folder, PostgreSQL's data lies where its user can reach it", () => {
  const { postgresDir } = openDataDir(dir, false); // mkdtemp makes it 0700
  expect(postgresDir).toMatch(/^\/var\/tmp\/leaderboard-postgres-[0-9a-f]{16}$/);
  expect(openDataDir(dir, false).postgresDir).toBe(postgresDir);
});
