import { rm } from "node:fs/promises";
import { join } from "node:path";
import { migrate } from "../../drainer/src/postgres/migrate.ts";
import { startBenchPostgres } from "./bench-postgres.ts";
import { startBenchRedis } from "./board-under-load.ts";
import { copyEntries } from "./copy-entries.ts";
import { CLIENT, measureCpu, type Processes, perItem } from "./load.ts";
import { type LoadFigures, toLoadFigures } from "./load-figures.ts";
import { writeMassInsert } from "./mass-insert.ts";
import { createPlayers } from "./players.ts";
import { measureInRounds } from "./rounds.ts";
import { hold, type Row, ratioAtLeast } from "./rows.ts";
import { SERVICE_ENVIRONMENT } from "./services.ts";

export interface RestoreOptions {
  dir: string;
  entries: number;
  rounds: number;
  say: (text: string) => void;
}

/** How one empty Redis was filled. */
interface Filled {
  ratePerSecond: number;
  cpuUs: Record<string, number>;
  faults: string[];
}

/** A program that fills a Redis, and what it says when everything is there. */
interface Filler {
  command: string[];
  env?: Record<string, string>;
  stdin?: Bun.BunFile;
  says: RegExp;
}

const RATIO_MIN = 0.6;
const DATABASE = "board";
const COMMANDS = join(import.meta.dir, "../commands/lb.ts");

/** Holds the restore command, from its start to its end, against redis-cli with all commands ready in a file. */
export async function measureRestore(options: RestoreOptions): Promise<{ rows: Row[]; loads: LoadFigures[] }> {
  const { dir, entries, rounds, say } = options;
  await using stack = new AsyncDisposableStack();
  say(`seeding PostgreSQL with ${entries} entries`);
  const server = await startBenchPostgres(dir, "postgres-restore", [DATABASE]);
  stack.defer(server.kill);
  const url = server.url(DATABASE);
  await migrate(url);
  const players = createPlayers(entries, Date.now() * 1000);
  await copyEntries(url, players);
  const file = join(dir, "mass-insert");
  await writeMassInsert(file, players);

  const postgres = { postgres: server.pid };
  const cells = [
    {
      name: "redis-cli --pipe",
      measure: () =>
        fillAnew({}, (port) => ({
          command: ["redis-cli", "-h", "127.0.0.1", "-p", String(port), "--pipe"],
          stdin: Bun.file(file),
          says: new RegExp(`errors: 0, replies: ${2 * entries}\\b`),
        })),
    },
    {
      name: "restore",
      measure: () =>
        fillAnew(postgres, (port) => ({
          command: [process.execPath, COMMANDS, "restore"],
          says: new RegExp(`: ${entries} entries `),
          env: { ...SERVICE_ENVIRONMENT, REDIS_URL: `redis://127.0.0.1:${port}`, POSTGRES_URL: url },
        })),
    },
  ] as const;

  /** In a Redis of its own each time: what an earlier one has left would be in the way. */
  async function fillAnew(processes: Processes, toFiller: (port: number) => Filler): Promise<Filled> {
    const home = join(dir, "redis-restore");
    const redis = await startBenchRedis(home);
    try {
      return await fill({ ...processes, redis: redis.pid }, toFiller(redis.port), entries);
    } finally {
      await redis.kill();
      await rm(home, { recursive: true });
    }
  }

  const onRound = (round: number) => say(`restoring ${entries} entries, round ${round} of ${rounds}`);
  const measured = await measureInRounds(cells, { rounds, warmsUp: false, onRound });
  const [theirs = [], ours = []] = [...measured.values()];
  const rate = ({ ratePerSecond }: Filled) => ratePerSecond;
  return {
    rows: [
      {
        row: "restore",
        what: `restore ${entries.toLocaleString("en")} entries`,
        unit: "/s",
        yardstick: "redis-cli --pipe, a ZADD and an HSET each",
        ...hold(ours.map(rate), theirs.map(rate)),
        aims: [ratioAtLeast(RATIO_MIN)],
        faults: [...theirs, ...ours].flatMap(({ faults }) => faults),
      },
    ],
    loads: [...measured].map(([{ name }, filled]) => toLoadFigures(`entries, ${name}`, filled)),
  };
}

async function fill(processes: Processes, { command, env, stdin, says }: Filler, entries: number): Promise<Filled> {
  const { result, spentUs } = await measureCpu(processes, async () => {
    const startedAt = performance.now();
    const child = Bun.spawn(command, {
      env: { PATH: process.env.PATH, ...env },
      stdin: stdin ?? "ignore",
      stderr: "pipe",
    });
    const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    await child.exited;
    const clientCpuUs = Number(child.resourceUsage()?.cpuTime.total ?? 0);
    return { seconds: (performance.now() - startedAt) / 1000, said: output + errors, clientCpuUs };
  });
  const { seconds, said, clientCpuUs } = result;
  return {
    ratePerSecond: entries / seconds,
    cpuUs: perItem({ ...spentUs, [CLIENT]: clientCpuUs }, entries),
    faults: says.test(said) ? [] : [`${command.join(" ")} said: ${said.trim().split("\n").at(-1)}`],
  };
}
