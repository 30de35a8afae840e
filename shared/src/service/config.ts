import { z } from "zod";
import { LOG_LEVELS } from "../log/log.ts";
import { BOARD_ID } from "../model/board-id.ts";
import { createTopology, GLOBAL, PARTITIONS_MAX, type Topology } from "../model/regions.ts";
import { closedSet, httpUrl, oneOf, redisUrl, type Settings, share, wholeNumber } from "./environment.ts";

// Bun takes no longer one: `Bun.serve` refuses 256.
const IDLE_TIMEOUT_SECONDS_MAX = 255;

const MODES = ["development", "production", "test"] as const;

/** The variables of every service. */
export const commonFields = {
  NODE_ENV: oneOf(MODES).default("development").meta({
    description:
      "In `production` a service refuses to start on a Redis without an append-only file, unless `DURABILITY` is `replicated`.",
  }),
  LOG_LEVEL: oneOf(LOG_LEVELS).default("info").meta({ description: "Lowest level that the log has." }),
  HOST: z
    .string()
    .regex(/^[\w.:%[\]-]+$/, "must be an address or a host name, without a scheme and a port")
    .default("127.0.0.1")
    .meta({ description: "Address to listen on; `0.0.0.0` in a container." }),
  HTTP_IDLE_TIMEOUT_SECONDS: wholeNumber(5, IDLE_TIMEOUT_SECONDS_MAX).default(IDLE_TIMEOUT_SECONDS_MAX).meta({
    description:
      "Closes a connection that has sent nothing for so long since its last answer. One that has not sent a whole request yet is closed after 10 to 12 seconds, for any value. Must be longer than the balancer or proxy before the service keeps an idle connection; docs/deploy.md has the ones that keep it longer than this can be.",
  }),
  METRICS_PORT: wholeNumber(1, 65_535).optional().meta({
    description:
      "Port of `GET /metrics` for Prometheus; without it there are no metrics. It has no authentication: let Prometheus alone reach it. Services on one host need one each.",
    example: "9464",
  }),
  REGIONS: closedSet(/^[A-Z][A-Z0-9_]{0,49}$/, "capitals, digits and _")
    .default([GLOBAL, "ASIA", "EU", "NA"])
    .meta({ description: "Home regions that players may have. The same in every process; it may grow." }),
  PARTITIONS: wholeNumber(1, PARTITIONS_MAX).default(1).meta({
    description:
      "Shards of each region. Redis keeps the number and a process with another one does not start: `./lb repartition` changes it.",
  }),
  BOARDS: closedSet(BOARD_ID, "small letters, digits, _ and -").default(["main"]).meta({
    description: "Boards that exist from the start; an admin makes others. The same in every process; it may grow.",
  }),
  REDIS_URL: redisUrl.meta({
    description:
      "Redis of the ranks, queues and token buckets: `redis://` or `rediss://`. Several comma-separated nodes are a Redis Cluster, whose other nodes are found.",
    example: "redis://127.0.0.1:6379",
    regionExample: "redis://redis-eu:6379",
  }),
  REDIS_CHECKS: oneOf(["warn", "strict"]).default("warn").meta({
    description:
      "Settings that Redis does not tell, as managed stores that refuse `CONFIG` do: `warn` names them in the log, `strict` does not start.",
  }),
  DURABILITY: oneOf(["local", "replicated"]).default("local").meta({
    description:
      "`replicated` answers a write once a replica of Redis has it, and 503 `outcome_unknown` where none confirms. The same in every process.",
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional().meta({
    description: "Collector that takes traces as OTLP over HTTP; without it nothing is traced.",
    example: "http://127.0.0.1:4318",
  }),
  OTEL_TRACES_SAMPLER_ARG: share.default(1).meta({
    description: "Share of the traces that is recorded, from 0 to 1. A caller's own `traceparent` decides for itself.",
  }),
};

/** The configuration that all services share, from their settings. */
export function toServiceConfig(
  name: string,
  settings: Settings<typeof commonFields & { PORT: z.ZodType<number> }, "REDIS_URL">,
) {
  return {
    name,
    logLevel: settings.LOG_LEVEL,
    host: settings.HOST,
    port: settings.PORT,
    metricsPort: settings.METRICS_PORT,
    idleTimeoutSeconds: settings.HTTP_IDLE_TIMEOUT_SECONDS,
    topology: toTopology(settings),
    tracing:
      settings.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? undefined
        : { endpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: settings.OTEL_TRACES_SAMPLER_ARG },
    redisUrl: settings.REDIS_URL,
    /** What a Redis is held to before it is used. */
    storeChecks: {
      isProduction: settings.NODE_ENV === "production",
      redisChecks: settings.REDIS_CHECKS,
      /** Whether a replica must have a write before it is answered. */
      isReplicated: settings.DURABILITY === "replicated",
    },
    redisUrlByRegion: settings.urlsByRegion.REDIS_URL,
  };
}

/** The deployment's regions, partitions and boards, from the common fields. */
export function toTopology(common: { REGIONS: string[]; PARTITIONS: number; BOARDS: string[] }): Topology {
  return createTopology(common.REGIONS, common.PARTITIONS, common.BOARDS);
}
