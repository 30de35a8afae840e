import { z } from "zod";
import type { TokenOptions } from "../auth/tokens.ts";
import { LOG_LEVELS } from "../log/log.ts";
import { redactSecrets } from "../log/redact.ts";
import { createTopology, GLOBAL, PARTITIONS_MAX, type Topology } from "../model/regions.ts";
import { parseRedisNodes } from "../redis/nodes.ts";
import { readPostgresUrl } from "../stores/postgres-url.ts";

export type Environment = Record<string, string | undefined>;

/** All faults of a configuration, one a line, each with its variable. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

/** The message for an error that ends the process: of other errors their text alone, redacted. */
export const toFinalMessage = (error: unknown) =>
  `${error instanceof ConfigError ? error.message : redactSecrets(String(error))}\n`;

/** A whole number in plain digits: `0x10`, `1e3` and `1.5` are refused. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)
    .meta({ values: `${min} – ${max}` });

export const commaList = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

const closedSet = (pattern: RegExp, what: string) =>
  commaList
    .refine((items) => items.length > 0, "must name at least one")
    .refine((items) => items.every((item) => pattern.test(item)), `must be comma-separated names of ${what}`)
    .refine((items) => new Set(items).size === items.length, "must not name one twice");

const urlOf = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
    );

/** Takes the message of what `read` throws, which completes the name of the variable. */
function unlessThrown(read: (text: string) => unknown) {
  return (text: string, context: z.RefinementCtx) => {
    try {
      read(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    }
  };
}

/** One server, or several comma-separated nodes of a cluster. */
export const redisUrl = z.string().superRefine(unlessThrown(parseRedisNodes));
/** A connection URL of libpq. */
export const postgresUrl = z.string().superRefine(unlessThrown(readPostgresUrl));
export const httpUrl = urlOf("http:", "https:");

/** From 0 to 1, in plain digits. */
const share = z
  .string()
  .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, "must be from 0 to 1")
  .transform(Number);

// Bun takes no longer one: `Bun.serve` refuses 256.
const IDLE_TIMEOUT_SECONDS_MAX = 255;

const MODES = ["development", "production", "test"] as const;

/** The variables of every service. */
export const commonFields = {
  NODE_ENV: z
    .enum(MODES, `must be one of ${MODES.join(", ")}`)
    .default("development")
    .meta({ description: "In `production` a service refuses to start on a Redis without an append-only file." }),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`)
    .default("info")
    .meta({ description: "Lowest level that the log has." }),
  HOST: z.string().default("127.0.0.1").meta({ description: "Address to listen on; `0.0.0.0` in a container." }),
  HTTP_IDLE_TIMEOUT_SECONDS: wholeNumber(5, IDLE_TIMEOUT_SECONDS_MAX).default(IDLE_TIMEOUT_SECONDS_MAX).meta({
    description:
      "Closes a connection that has sent nothing for so long. Must be longer than the balancer or proxy before the service keeps an idle connection; docs/deploy.md has the ones that keep it longer than this can be.",
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
  BOARDS: closedSet(/^[a-z0-9][a-z0-9_-]{0,31}$/, "small letters, digits, _ and -")
    .default(["main"])
    .meta({ description: "Boards that players may be on. The same in every process; it may grow." }),
  REDIS_URL: redisUrl.meta({
    description:
      "Redis of the ranks, queues and token buckets: `redis://` or `rediss://`. Several comma-separated nodes are a Redis Cluster, whose other nodes are found.",
    example: "redis://127.0.0.1:6379",
    regionExample: "redis://redis-eu:6379",
  }),
  REDIS_CHECKS: z.enum(["warn", "strict"]).default("warn").meta({
    description:
      "Settings that Redis does not tell, as managed stores that refuse `CONFIG` do: `warn` names them in the log, `strict` does not start.",
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional().meta({
    description: "Collector that takes traces as OTLP over HTTP; without it nothing is traced.",
    example: "http://127.0.0.1:4318",
  }),
  OTEL_TRACES_SAMPLER_ARG: share.default(1).meta({
    description: "Share of the traces that is recorded, from 0 to 1. A caller's own `traceparent` decides for itself.",
  }),
};

const text = z.string().min(1);
const secret = z.string().refine((text) => new TextEncoder().encode(text).length >= 32, "must have at least 32 bytes");

/** The variables of a service that verifies tokens. */
export const tokenFields = {
  JWT_SECRET: secret.meta({
    description:
      "Signs the tokens and verifies them. At least 32 random bytes, the same in every process: `openssl rand -base64 48`.",
    example: "",
  }),
  JWT_SECRET_PREVIOUS: secret.optional().meta({
    description:
      "Verifies tokens, too: the secret of before, or the next one. docs/operate.md has the order of a change.",
    example: "",
  }),
  JWT_ISSUER: text.default("leaderboard").meta({ description: "`iss` of the tokens." }),
  JWT_AUDIENCE: text.default("leaderboard").meta({ description: "`aud` of the tokens." }),
  JWT_LIFETIME_SECONDS: wholeNumber(60, 366 * 24 * 3600)
    .default(24 * 3600)
    .meta({ description: "Lifetime of a player's token." }),
  JWT_JWKS_URL: httpUrl.optional().meta({
    description: "Key set of an identity provider whose players are let in (RS256, ES256, EdDSA). Closes registration.",
    example: "https://id.example.com/.well-known/jwks.json",
  }),
  JWT_JWKS_ISSUER: text.optional().meta({
    description: "`iss` of the provider's tokens; `JWT_ISSUER` unless set.",
    example: "https://id.example.com/",
  }),
  JWT_JWKS_AUDIENCE: text.optional().meta({
    description:
      "`aud` of the provider's tokens, or `client_id` of Cognito's access tokens; `JWT_AUDIENCE` unless set.",
    example: "leaderboard",
  }),
  JWT_USER_ID_CLAIM: text.default("sub").meta({
    description:
      "Claim of the provider's tokens that becomes the `user_id`. One that is no `user_id` is spelled as one: docs/deploy.md.",
  }),
  JWT_REGION_CLAIM: text.default("region").meta({
    description: "Claim of the provider's tokens that names the home region, or the path to it: `app_metadata.region`.",
  }),
  JWT_DEFAULT_REGION: text
    .transform((region) => region.toUpperCase())
    .optional()
    .meta({
      description: "Home region of a provider's token without that claim; it is refused unless this is set.",
      example: "EU",
    }),
  JWT_NAME_CLAIM: text.default("name").meta({
    description:
      "Claim of the provider's tokens that names the player on boards; the subject where it is missing or cannot be shown.",
  }),
};

type Fields = typeof commonFields & z.ZodRawShape;

/** A parsed environment, and for each prefix the URL of each region. */
export type Settings<F extends Fields, P extends string> = z.output<z.ZodObject<F>> & {
  urlsByRegion: Readonly<Record<P, ReadonlyMap<string, string>>>;
};

/**
 * Parses the environment against `fields`. An empty variable counts as unset. For each of
 * `prefixes`, `<PREFIX>_<REGION>` replaces `<PREFIX>` for one region.
 *
 * @throws ConfigError with all faults at once
 */
export function parseEnvironment<F extends Fields, P extends string & keyof F>(
  fields: F,
  prefixes: readonly P[],
  env: Environment,
): Settings<F, P> {
  const { present, data, faults } = check(fields, env);
  const regions = fields.REGIONS.safeParse(present.REGIONS).data ?? [];
  const urlsByRegion = {} as Record<P, ReadonlyMap<string, string>>;
  for (const prefix of prefixes) {
    const urls = new Map(regions.map((region) => [region, present[prefix] ?? ""]));
    for (const [name, value] of Object.entries(present)) {
      if (!name.startsWith(`${prefix}_`) || value === undefined) continue;
      const region = name.slice(prefix.length + 1);
      const parsed = z.safeParse(fields[prefix] as z.ZodType<string>, value);
      if (!urls.has(region)) faults.push(`${name} names a region that REGIONS does not`);
      else if (!parsed.success) faults.push(`${name} ${parsed.error.issues[0]?.message}`);
      else urls.set(region, value);
    }
    urlsByRegion[prefix] = urls;
  }
  if (faults.length > 0 || data === undefined) throw new ConfigError(faults);
  return Object.freeze({ ...data, urlsByRegion }) as Settings<F, P>;
}

/**
 * Parses a few variables, for a command that needs no others. An empty variable counts as unset.
 *
 * @throws ConfigError with all faults at once
 */
export function parseFields<F extends z.ZodRawShape>(fields: F, env: Environment): z.output<z.ZodObject<F>> {
  const { data, faults } = check(fields, env);
  if (data === undefined) throw new ConfigError(faults);
  return data;
}

function check<F extends z.ZodRawShape>(fields: F, env: Environment) {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const result = z.object(fields).safeParse(present);
  const faults = (result.error?.issues ?? []).map((issue) => {
    const name = issue.path.join(".");
    return present[name] === undefined ? `${name} is required` : `${name} ${issue.message}`;
  });
  return { present, data: result.data, faults };
}

/** The token fields; a command that only signs has no regions. */
type TokenSettings = z.output<z.ZodObject<typeof tokenFields>> & { REGIONS?: readonly string[] };

/**
 * The options of tokens, from the token fields.
 *
 * @throws ConfigError for a default region that is not configured
 */
export function toTokenOptions(settings: TokenSettings): TokenOptions {
  const { JWT_DEFAULT_REGION: region, REGIONS: regions } = settings;
  if (region !== undefined && regions !== undefined && !regions.includes(region)) {
    throw new ConfigError([`JWT_DEFAULT_REGION must be one of ${regions.join(", ")}`]);
  }
  return {
    secret: settings.JWT_SECRET,
    previousSecret: settings.JWT_SECRET_PREVIOUS,
    issuer: settings.JWT_ISSUER,
    audience: settings.JWT_AUDIENCE,
    lifetimeSeconds: settings.JWT_LIFETIME_SECONDS,
    provider:
      settings.JWT_JWKS_URL === undefined
        ? undefined
        : {
            jwksUrl: settings.JWT_JWKS_URL,
            issuer: settings.JWT_JWKS_ISSUER ?? settings.JWT_ISSUER,
            audience: settings.JWT_JWKS_AUDIENCE ?? settings.JWT_AUDIENCE,
            userIdClaim: settings.JWT_USER_ID_CLAIM,
            regionClaim: settings.JWT_REGION_CLAIM,
            defaultRegion: settings.JWT_DEFAULT_REGION,
            nameClaim: settings.JWT_NAME_CLAIM,
          },
  };
}

/** The configuration that all services share, from their settings. */
export function toServiceConfig(
  name: string,
  settings: Settings<typeof commonFields & { PORT: z.ZodType<number> }, "REDIS_URL">,
) {
  return {
    name,
    isProduction: settings.NODE_ENV === "production",
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
    /** What a setting that Redis does not tell leads to. */
    redisChecks: settings.REDIS_CHECKS,
    redisUrlByRegion: settings.urlsByRegion.REDIS_URL,
  };
}

/** The deployment's regions, partitions and boards, from the common fields. */
export function toTopology(common: { REGIONS: string[]; PARTITIONS: number; BOARDS: string[] }): Topology {
  return createTopology(common.REGIONS, common.PARTITIONS, common.BOARDS);
}
