import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { ConfigError, type Environment } from "shared/service/environment";
import { isPortFree } from "stack/free-port";
import { openDataDir, readKeptPartitions } from "./data-dir.ts";
import { commandEnvironment, runFileOf } from "./environment.ts";
import { createMembers, logFileOf, printAs } from "./processes/members.ts";
import { findNginx } from "./processes/nginx.ts";
import { type Member, type Supervised, supervise } from "./processes/supervise.ts";
import { FOLLOW_SIGNAL, openRunFile } from "./run-file.ts";
import { settlePartitions } from "./settle-partitions.ts";
import { RANKERS, type StackOptions } from "./stack-options.ts";
import { notesOn } from "./variables-given.ts";
import { welcome } from "./welcome.ts";

const report = printAs("stack");
const PARTITIONS_DEFAULT = "1";

/** From the present folder where the path is below it. */
function showPath(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown === "" || shown.startsWith("..") ? path : shown;
}

/**
 * Starts the stack, and returns when it is ready. It then runs until a signal ends this process.
 *
 * @throws Error where another stack runs on the data folder, or a port is taken
 */
export async function runStack(options: StackOptions, env: Environment): Promise<void> {
  const { ports, dataDir } = options;
  for (const note of notesOn(env)) report(note);
  mkdirSync(dataDir, { recursive: true });
  const running = await openRunFile(runFileOf(dataDir), report);
  await refuseTakenPorts(options);
  const data = openDataDir(dataDir, options.fresh);
  if (data.postgresDir !== join(dataDir, "postgres")) {
    report(`this folder is private to root, so PostgreSQL keeps its data in ${data.postgresDir}`);
  }
  const { jwtSecret, postgresPassword } = data.secrets;
  const postgresAddress = `postgres://leaderboard:${postgresPassword}@127.0.0.1:${ports.POSTGRES_PORT}`;
  const addresses = {
    redisUrl: `redis://127.0.0.1:${ports.REDIS_PORT}`,
    postgresUrl: (database: string) => `${postgresAddress}/${database}`,
    jwtSecret,
  };
  // The data may have another number than the user asks for, which shows when the stores are up.
  const present = { ...env, PARTITIONS: options.fresh ? undefined : readKeptPartitions(dataDir) };
  const writeEnvironment = () => data.writeEnvironment(commandEnvironment(present, addresses, options));
  writeEnvironment();
  const { stores, drainer, services } = createMembers(options, () => present, data, addresses);
  async function followPartitions(asked: string | undefined): Promise<void> {
    const commands = commandEnvironment({ ...env, PARTITIONS: undefined }, addresses, options);
    present.PARTITIONS = (await settlePartitions(commands, asked, report)) || PARTITIONS_DEFAULT;
    writeEnvironment();
  }

  const supervised: Supervised[] = [];
  let starting = Promise.resolve();
  let isStopping = false;
  async function stop(exitCode: number): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    report("stopping");
    await starting.catch(() => {}); // a member that is starting has to be stopped, too
    for (const member of supervised.toReversed()) {
      await member.stop();
      report(`${member.name} stopped`);
    }
    running.close();
    process.exit(exitCode);
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));

  // `lb repartition` sends it at its end: the services run with the number that the data had
  // before.
  process.on(FOLLOW_SIGNAL, () => {
    followPartitions(undefined)
      .then(async () => {
        const { PARTITIONS: partitions } = present;
        const followers = supervised.filter(({ name }) => /^(ranker|drainer)/.test(name));
        report(`starting rankers and drainer again with PARTITIONS=${partitions}`);
        await Promise.all(followers.map((member) => member.restart()));
      })
      .catch((error: unknown) => report(messageOf(error)));
  });

  const hooks = { report, onStart: running.add, onExit: running.remove };
  async function startAll(members: readonly Member[]): Promise<void> {
    for (const member of members) {
      if (isStopping) return;
      starting = supervise(member, hooks).then((started) => void supervised.push(started));
      await starting;
    }
  }

  try {
    await startAll(stores);
    for (const { name } of supervised) report(`${name} is ready; its log is ${showPath(logFileOf(dataDir, name))}`);
    if (!isStopping) await followPartitions(env.PARTITIONS);
    await startAll([drainer]);
    if (!options.withDrainer && !isStopping) {
      // Without a drainer Redis would stay closed: no other service compares it with PostgreSQL.
      await supervised.pop()?.stop();
      report("the drainer has opened Redis, and is left out");
    }
    await startAll(services);
    if (isStopping) return;
  } catch (error) {
    report(messageOf(error));
    return stop(1);
  }
  const shown = options.nginxPort ?? ports.GATEWAY_PORT;
  process.stdout.write(welcome(shown, showPath(dataDir), env.PASSWORDS === "required"));
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigError) return error.faults.join("\n");
  return String(error instanceof Error ? error.message : error);
}

async function refuseTakenPorts({ ports, nginxPort }: StackOptions): Promise<void> {
  const faults: string[] = [];
  const all: [name: string, port: number][] = Object.entries(ports);
  if (nginxPort !== undefined) {
    all.push(["NGINX_PORT", nginxPort]);
    if (findNginx() === undefined) faults.push("nginx is not installed: install it, or start without --nginx");
  }
  for (const [name, first] of all) {
    for (let port = first; port < first + (name === "RANKER_PORT" ? RANKERS : 1); port++) {
      if (await isPortFree(port)) continue;
      faults.push(`port ${port} is taken: stop what listens there, or choose another with ${name}=… npm start`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
}
