import { join } from "node:path";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { type Load, measureLoad, type Processes } from "../harness/load.ts";
import { atLeast, compareRates, type Measured, measureComparisons } from "../harness/row.ts";
import { type ProgramOptions, runProgram } from "../load/program.ts";
import { LONG_ROUNDS_MAX, type RowRun } from "../ratios/options.ts";
import { writeMassInsert } from "../stage/mass-insert.ts";
import { createPlayers } from "../stage/players.ts";
import { seedPostgres } from "../stage/seed-postgres.ts";
import { SERVICE_ENVIRONMENT } from "../stage/services.ts";
import { startBenchPostgres, startBenchRedis } from "../stage/stores.ts";

/** A program that fills a Redis. `reports` matches its output when it wrote all entries. */
interface Filler extends ProgramOptions {
  command: string[];
  reports: RegExp;
}

const DATABASE = "restore";
const LB = join(import.meta.dir, "../../commands/lb.ts");

/** Compares the restore command, from start to end, with `redis-cli --pipe` and ready commands. */
export async function measureRestore({ dir, options, say }: RowRun): Promise<Measured> {
  const { entries } = options;
  say(`seeding PostgreSQL with ${entries} entries`);
  await using server = await startBenchPostgres(dir, [DATABASE]);
  const url = server.url(DATABASE);
  await migrate(url);
  const players = createPlayers(entries, Date.now() * 1000);
  await seedPostgres(url, "leaderboard", players);
  const file = join(dir, "mass-insert");
  await writeMassInsert(file, players);
  const env = { PATH: process.env.PATH, ...SERVICE_ENVIRONMENT, POSTGRES_URL: url };

  const toPipe = (redisUrl: string): Filler => ({
    command: ["redis-cli", "-u", redisUrl, "--pipe"],
    stdin: Bun.file(file),
    reports: new RegExp(`errors: 0, replies: ${2 * entries}\\b`),
  });
  const toRestore = (redisUrl: string): Filler => ({
    command: [process.execPath, LB, "restore"],
    env: { ...env, REDIS_URL: redisUrl },
    reports: new RegExp(`: ${entries} entries, `),
  });
  /** Fills a new Redis each time, because entries that are there already would change the work. */
  async function fill(toFiller: (redisUrl: string) => Filler, processes: Processes): Promise<Load> {
    await using redis = await startBenchRedis(dir);
    const { command, reports, ...program } = toFiller(redis.url);
    return await measureLoad({ ...processes, redis: redis.pid }, async () => {
      const { output, errors, seconds, cpuUs } = await runProgram(command, program);
      const lastLine = (output + errors).trim().split("\n").at(-1);
      const faults = reports.test(output + errors) ? [] : [`${command.join(" ")} reported: ${lastLine}`];
      return { items: entries, seconds, clientCpuUs: cpuUs, faults };
    });
  }

  const what = `restore ${entries.toLocaleString("en")} entries`;
  const comparison = compareRates(
    { row: "restore", what, yardstick: "redis-cli --pipe, a ZADD and an HSET each", aims: atLeast(0.6) },
    { name: "entries, restore", measure: () => fill(toRestore, { postgres: server.pid }) },
    { name: "entries, redis-cli --pipe", measure: () => fill(toPipe, {}) },
  );
  const rounds = Math.min(options.rounds, LONG_ROUNDS_MAX);
  return await measureComparisons([comparison], { rounds, what: `restoring ${entries} entries`, say });
}
