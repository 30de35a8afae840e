import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "shared/service/config";
import { launch } from "stack/engine";
import { isPortFree } from "stack/free-port";
import { startPostgres } from "stack/postgres";
import { startRedis } from "stack/redis";
import { openDataDir } from "./data-dir.ts";
import { commandEnvironment, databasesOf, regionsOf, serviceEnvironment } from "./environment.ts";
import { formatLine } from "./format-line.ts";
import { HELP, RANKERS, readOptions, type StackOptions } from "./options.ts";
import { openRunFile } from "./run-file.ts";
import { type Member, type Supervised, supervise } from "./supervise.ts";
import { welcome } from "./welcome.ts";

const root = join(import.meta.dir, "../..");
const print = (name: string) => (line: string) => void process.stdout.write(`${formatLine(name, line)}\n`);
const report = print("stack");

async function run(options: StackOptions): Promise<void> {
  const { ports, dataDir } = options;
  mkdirSync(dataDir, { recursive: true });
  const running = await openRunFile(join(dataDir, "stack.json"), report);
  await refuseTakenPorts(options);
  const data = openDataDir(dataDir, options.fresh);
  if (data.postgresDir !== join(dataDir, "postgres")) {
    report(`this folder is private to root, so PostgreSQL keeps its data in ${data.postgresDir}`);
  }

  const { jwtSecret, postgresPassword: password } = data.secrets;
  const postgresUrl = (database: string) =>
    `postgres://leaderboard:${password}@127.0.0.1:${ports.POSTGRES_PORT}/${database}`;
  const addresses = { redisUrl: `redis://127.0.0.1:${ports.REDIS_PORT}`, postgresUrl, jwtSecret };
  const env = serviceEnvironment(process.env, addresses, options);
  data.writeEnvironment(commandEnvironment(process.env, addresses));

  const service = (name: string, folder: string, port: number): Member => ({
    name,
    start: () =>
      launch({
        command: process.execPath,
        args: [join(root, folder, "src/main.ts")],
        port,
        readyWhen: `http://127.0.0.1:${port}/ready`,
        stopSignal: "SIGTERM",
        onLine: print(name),
        spawn: { cwd: dataDir, env: { ...env, PORT: String(port) } },
      }),
  });
  const databases = databasesOf(regionsOf(process.env));
  const stores: Member[] = [
    {
      name: "postgres",
      start: () =>
        startPostgres({
          port: ports.POSTGRES_PORT,
          dir: data.postgresDir,
          databases,
          password,
          onLine: print("postgres"),
        }),
    },
    { name: "redis", start: () => startRedis({ port: ports.REDIS_PORT, dir: data.redisDir, onLine: print("redis") }) },
  ];
  const drainer = service("drainer", "drainer", ports.DRAINER_PORT);
  const rankers = Array.from({ length: RANKERS }, (_, index) =>
    service(`ranker-${index + 1}`, "ranker", ports.RANKER_PORT + index),
  );
  const gateway = service("gateway", "gateway", ports.GATEWAY_PORT);

  const supervised: Supervised[] = [];
  let starting = Promise.resolve();
  let isStopping = false;
  async function stop(exitCode: number): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    report("stopping");
    await starting.catch(() => {}); // whoever is on the way up has to be stopped, too
    for (const member of supervised.toReversed()) {
      await member.stop();
      report(`${member.name} stopped`);
    }
    running.close();
    process.exit(exitCode);
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));

  async function startAll(members: readonly Member[]): Promise<void> {
    for (const member of members) {
      if (isStopping) return;
      starting = supervise(member, hooks).then((started) => void supervised.push(started));
      await starting;
    }
  }

  const hooks = { report, onStart: running.add, onExit: running.remove };
  try {
    await startAll([...stores, drainer]);
    if (!options.withDrainer && !isStopping) {
      // Without a drainer Redis would stay closed: nothing else may compare it with PostgreSQL.
      await supervised.pop()?.stop();
      report("the drainer has opened Redis, and is left out");
    }
    await startAll([...rankers, gateway]);
    if (isStopping) return;
  } catch (error) {
    report(String(error instanceof Error ? error.message : error));
    return stop(1);
  }
  process.stdout.write(welcome(ports.GATEWAY_PORT, dataDir, env.PASSWORDS === "required"));
}

async function refuseTakenPorts({ ports }: StackOptions): Promise<void> {
  const faults: string[] = [];
  for (const [name, first] of Object.entries(ports)) {
    for (let port = first; port < first + (name === "RANKER_PORT" ? RANKERS : 1); port++) {
      if (await isPortFree(port)) continue;
      faults.push(`port ${port} is taken: stop what listens there, or choose another with ${name}=… npm start`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults, "The stack cannot start");
}

try {
  const options = readOptions(process.argv.slice(2), process.env, root);
  if (options === undefined) process.stdout.write(HELP);
  else await run(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
