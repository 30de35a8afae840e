import type { Topology } from "shared/model/regions";
import { type Database, DatabaseTimeout } from "shared/postgres/database";
import { awaitReady, type Redis } from "shared/redis/redis";
import { isReply } from "shared/redis/reply-error";
import { ConfigError, type Environment } from "shared/service/environment";
import { readPostgresUrl } from "shared/stores/postgres-url";
import { checkRights, type Rights } from "shared/stores/rights";
import type { Stores } from "shared/stores/stores";
import { UnfitStore } from "shared/stores/unfit-store";
import { explainRefusal } from "../../../drainer/src/postgres/explain-refusal.ts";
import { STACK_URL } from "../../start/environment.ts";

/** How long a command waits for its stores: a person waits for it. */
const ANSWER_TIMEOUT_MS = 3_000;
/** Some tries: a refusal such as a wrong password comes with each of them. */
const REFUSED_MS = 500;

/** What to look at where a store is away: the embedded stack, or the variable with the address. */
const adviceOf = (env: Environment, variable: string) =>
  env[STACK_URL] === undefined ? `is it running, and is ${variable} right?` : "is npm start running?";

/** What a command does with its stores. */
interface Use {
  topology: Topology;
  /** By their URL. */
  databases?: ReadonlyMap<string, Database>;
  /** Commands that it sends to Redis, beside scripts. */
  rights?: Rights;
}

/**
 * Waits until all stores of a command answer, three seconds at most, and checks that the command
 * may use them.
 *
 * @throws ConfigError that names the address of each one that does not, and what is wrong with it
 */
export async function awaitAnswers(stores: Stores, use: Use, env: Environment): Promise<void> {
  const checks = [...stores.byAddress].map(([address, redis]) => faultOfRedis(address, redis, { ...use, stores, env }));
  for (const [url, database] of use.databases ?? []) checks.push(faultOfPostgres(url, database, env));
  const faults = (await Promise.all(checks)).filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new ConfigError(faults);
}

async function faultOfRedis(
  address: string,
  redis: Redis,
  { topology, rights = [], stores, env }: Use & { stores: Stores; env: Environment },
): Promise<string | undefined> {
  try {
    await awaitReady(redis, ANSWER_TIMEOUT_MS, { refusedMs: REFUSED_MS });
    const regions = topology.regions.filter((region) => stores.of(region) === redis);
    await checkRights(redis, rights, { topology, regions, withAccounts: rights.length > 0 && redis === stores.home });
    return undefined;
  } catch (error) {
    const { message, cause } = error as Error;
    const isTold = error instanceof UnfitStore || cause !== undefined;
    if (isTold || isReply(error)) return `Redis at ${address} ${message.replace(/^Redis /, "")}`;
    return `Redis at ${address} does not answer: ${adviceOf(env, "REDIS_URL")}`;
  }
}

const AWAY = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "CONNECT_TIMEOUT", "CONNECTION_CLOSED"]);

async function faultOfPostgres(url: string, database: Database, env: Environment): Promise<string | undefined> {
  try {
    await database.run((sql) => sql`SELECT 1`);
    return undefined;
  } catch (error) {
    const { message } = explainRefusal(error, readPostgresUrl(url));
    const { code = "" } = error as NodeJS.ErrnoException;
    const isAway = error instanceof DatabaseTimeout || AWAY.has(code);
    const what = isAway ? `does not answer: ${adviceOf(env, "POSTGRES_URL")}` : `refuses the command: ${message}`;
    return `PostgreSQL at ${database.label} ${what}`;
  }
}
