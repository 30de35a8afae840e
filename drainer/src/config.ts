import { commonFields, toServiceConfig } from "shared/service/config";
import {
  ConfigError,
  commaList,
  type Environment,
  parseEnvironment,
  postgresUrl,
  wholeNumber,
} from "shared/service/environment";
import { z } from "zod";

export const drainerFields = {
  ...commonFields,
  PORT: wholeNumber(0, 65_535).default(6060).meta({ description: "Port of `/health` and `/ready`." }),
  POSTGRES_URL: postgresUrl.meta({
    description: "The home database: accounts, and every region without a database of its own.",
    example: "postgres://leaderboard:password@127.0.0.1:5432/leaderboard_global",
    regionExample: "postgres://leaderboard:password@127.0.0.1:5432/leaderboard_eu",
  }),
  DRAIN_REGIONS: commaList.default([]).meta({
    description: "Regions whose queues this drainer drains, comma-separated; all of them unless set.",
    example: "ASIA,EU",
  }),
  DRAIN_ACCOUNTS: z.stringbool('must be "true" or "false"').default(true).meta({
    description: "Whether this drainer drains the queue of the accounts, from the home Redis to the home database.",
  }),
  DRAIN_BATCH_MAX: wholeNumber(1, 10_000).default(1000).meta({
    description:
      "Events read from a queue at once and written in one statement. A drainer that is behind reads up to eight times as many where the same players write again and again.",
  }),
  DRAIN_INTERVAL_MS: wholeNumber(1, 60_000)
    .default(50)
    .meta({ description: "Pause after a queue was emptied, so that the next batch is worth its statement." }),
  RECONCILE_INTERVAL_SECONDS: wholeNumber(0, 86_400).default(60).meta({
    description: "Pause between two comparisons of Redis with PostgreSQL, which only report; 0 turns them off.",
  }),
};

export type DrainerConfig = ReturnType<typeof loadDrainerConfig>;

/** @throws ConfigError with every fault of the environment */
export function loadDrainerConfig(env: Environment) {
  const settings = parseEnvironment(drainerFields, ["REDIS_URL", "POSTGRES_URL"], env);
  const { REGIONS: regions, DRAIN_REGIONS: chosen } = settings;
  const unknown = chosen.filter((region) => !regions.includes(region));
  if (unknown.length > 0) {
    throw new ConfigError([`DRAIN_REGIONS names ${unknown.join(", ")}, but REGIONS does not`]);
  }
  return Object.freeze({
    ...toServiceConfig("drainer", settings),
    postgresUrl: settings.POSTGRES_URL,
    postgresUrlByRegion: settings.urlsByRegion.POSTGRES_URL,
    /** Regions whose queues this drainer drains. */
    drainRegions: chosen.length === 0 ? regions : regions.filter((region) => chosen.includes(region)),
    /**
     * Whether this drainer drains the accounts' queue, from the home Redis to the home database.
     */
    drainAccounts: settings.DRAIN_ACCOUNTS,
    /** Events of one read. A batch that waits for its turn grows to several reads. */
    batchMax: settings.DRAIN_BATCH_MAX,
    /** Pause after a queue was emptied, so that the next batch has some events. */
    intervalMs: settings.DRAIN_INTERVAL_MS,
    /** Pause between two comparisons of Redis with PostgreSQL; 0 turns them off. */
    reconcileIntervalMs: settings.RECONCILE_INTERVAL_SECONDS * 1000,
  });
}
