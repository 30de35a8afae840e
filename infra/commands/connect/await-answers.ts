import { awaitReady, type Redis } from "shared/redis/redis";
import { ConfigError, type Environment } from "shared/service/environment";
import type { Stores } from "shared/stores/stores";
import { type Database, DatabaseTimeout } from "../../../drainer/src/postgres/database.ts";
import { STACK_URL } from "../../start/environment.ts";

/** How long a command waits for its stores: a person waits for it. */
const ANSWER_TIMEOUT_MS = 3_000;
/** Some tries: a refusal such as a wrong password comes with each of them. */
const REFUSED_MS = 500;

/** What to look at where a store is away: the embedded stack, or the variable with the address. */
const adviceOf = (env: Environment, variable: string) =>
  env[STACK_URL] === undefined ? `is it running, and is ${variable} right?` : "is npm start running?";

/**
 * Waits until all stores of a command answer, three seconds at most.
 *
 * @throws ConfigError that names the address of each one that does not
 */
export async function awaitAnswers(
  { byAddress }: Pick<Stores, "byAddress">,
  databases: readonly Database[],
  env: Environment,
): Promise<void> {
  const checks = [...byAddress].map(([address, redis]) => faultOfRedis(address, redis, env));
  checks.push(...databases.map((database) => faultOfPostgres(database, env)));
  const faults = (await Promise.all(checks)).filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new ConfigError(faults);
}

async function faultOfRedis(address: string, redis: Redis, env: Environment): Promise<string | undefined> {
  try {
    await awaitReady(redis, ANSWER_TIMEOUT_MS, { refusedMs: REFUSED_MS });
    return undefined;
  } catch (error) {
    const { message, cause } = error as Error;
    if (cause !== undefined) return message.replace(/^Redis\b/, `Redis at ${address}`);
    return `Redis at ${address} does not answer: ${adviceOf(env, "REDIS_URL")}`;
  }
}

const AWAY = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "CONNECT_TIMEOUT", "CONNECTION_CLOSED"]);

async function faultOfPostgres(database: Database, env: Environment): Promise<string | undefined> {
  try {
    await database.run((sql) => sql`SELECT 1`);
    return undefined;
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const isAway = error instanceof DatabaseTimeout || AWAY.has(code);
    const what = isAway ? `does not answer: ${adviceOf(env, "POSTGRES_URL")}` : `refuses the command: ${message}`;
    return `PostgreSQL at ${database.label} ${what}`;
  }
}
