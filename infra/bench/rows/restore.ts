import { join } from "node:path";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { type Comparison, measureComparisons, rateOf } from "../harness/comparison.ts";
import { type Load, measureLoad, type Processes } from "../harness/load.ts";
import type { Measured } from "../harness/row.ts";
import { type ProgramOptions, runProgram } from "../load/program.ts";
import type { RowRun } from "../ratios/options.ts";
import { writeMassInsert } from "../stage/mass-insert.ts";
import { createPlayers } from "../stage/players.ts";
import { seedPostgres } from "../stage/seed-postgres.ts";
import { SERVICE_ENVIRONMENT } from "../stage/services.ts";
import { startBenchPostgres, startBenchRedis } from "../stage/stores.ts";
import { REGION } from "../stage/topology.ts";

/** A program that fills the Redis at a port. */
interface Filler extends ProgramOptions {
  command: string[];
  /** In its output when all entries are there. */
  reports: RegExp;
}

const DATABASE = "restore";
const LB = join(import.meta.dir, "../../commands/lb.ts");

/** Compares the restore command, from its start to its end, with `redis-cli --pipe` and a file of ready commands. */
export async function measureRestore({ dir, options, say }: RowRun): Promise<Measured> {
  const { entries, rounds } = options;
  say(`seeding PostgreSQL with ${entries} entries`);
  await using server = await startBenchPostgres(dir, [DATABASE]);
  const url = server.url(DATABASE);
  await migrate(url);
  const players = createPlayers(entries, Date.now() * 1000);
  await seedPostgres({ url, region: REGION, players, table: "leaderboard" });
  const file = join(dir, "mass-insert");
  await writeMassInsert(file, players);

  /** Fills a new Redis each time, because entries that are there already would change the work. */
  async function fill(processes: Processes, toFiller: (port: number) => Filler): Promise<Load> {
    await using redis = await startBenchRedis(dir);
    const { command, reports, ...program } = toFiller(redis.port);
    return await measureLoad({ ...processes, redis: redis.pid }, async () => {
      const { output, errors, seconds, cpuUs } = await runProgram(command, program);
      const lastLine = (output + errors).trim().split("\n").at(-1);
      const faults = reports.test(output + errors) ? [] : [`${command.join(" ")} reported: ${lastLine}`];
      return { items: entries, seconds, clientCpuUs: cpuUs, faults };
    });
  }

  const theirs = {
    name: "entries, redis-cli --pipe",
    measure: () =>
      fill({}, (port) => ({
        command: ["redis-cli", "-h", "127.0.0.1", "-p", String(port), "--pipe"],
        stdin: Bun.file(file),
        reports: new RegExp(`errors: 0, replies: ${2 * entries}\\b`),
      })),
  };
  const env = { PATH: process.env.PATH, ...SERVICE_ENVIRONMENT, POSTGRES_URL: url };
  const ours = {
    name: "entries, restore",
    measure: () =>
      fill({ postgres: server.pid }, (port) => ({
        command: [process.execPath, LB, "restore"],
        env: { ...env, REDIS_URL: `redis://127.0.0.1:${port}` },
        reports: new RegExp(`: ${entries} entries `),
      })),
  };
  const row: Comparison = {
    row: "restore",
    what: `restore ${entries.toLocaleString("en")} entries`,
    yardstick: "redis-cli --pipe, a ZADD and an HSET each",
    unit: "/s",
    ours: rateOf(ours),
    theirs: rateOf(theirs),
    aims: [{ of: "ratio", at: "least", value: 0.6 }],
  };
  const onRound = (round: number) => say(`restoring ${entries} entries, round ${round} of ${rounds}`);
  return await measureComparisons([row], { rounds, warmsUp: false, onRound });
}
