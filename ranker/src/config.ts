import { commonFields, toServiceConfig } from "shared/service/config";
import {
  ConfigError,
  type Environment,
  oneOf,
  parseEnvironment,
  postgresUrl,
  wholeNumber,
} from "shared/service/environment";
import { tokenFields, toTokenOptions } from "shared/service/token-config";

export const rankerFields = {
  ...commonFields,
  ...tokenFields,
  PORT: wholeNumber(0, 65_535).default(5000).meta({ description: "Port to listen on." }),
  POSTGRES_URL: postgresUrl.optional().meta({
    description:
      "The databases of the drainer, for archived seasons alone; without it these are answered with 503 `archives_unavailable`. A role that may read is enough.",
    example: "postgres://leaderboard:password@127.0.0.1:5432/leaderboard_global",
    regionExample: "postgres://leaderboard:password@127.0.0.1:5432/leaderboard_eu",
  }),
  PASSWORDS: oneOf(["required", "optional"])
    .default("required")
    .meta({ description: "`optional` lets a player without a password log in by name: never on an open network." }),
  GUESTS: oneOf(["on", "off"]).default("on").meta({
    description: "`off` closes `POST /auth/guest`, which is closed with `JWT_JWKS_URL` in any case.",
  }),
  JWT_SESSION_SECONDS: wholeNumber(60, 10 * 366 * 24 * 3600)
    .default(90 * 24 * 3600)
    .meta({
      description: "How long after a login tokens can be refreshed; without an end for players without a password.",
    }),
  RATE_NAME_PER_DAY: wholeNumber(1, 10_000_000).default(5).meta({
    description: "Names that a player may take with `PATCH /auth/me` a day.",
  }),
  RATE_LOGIN_BURST: wholeNumber(1, 10_000_000).default(10).meta({
    description: "Failed logins of one player from one address at once. All networks together have ten times as many.",
  }),
  RATE_LOGIN_PER_MINUTE: wholeNumber(1, 10_000_000)
    .default(2)
    .meta({ description: "Failed logins of one player from one address that come back a minute." }),
  QUEUE_MAX: wholeNumber(1, 100_000_000).default(100_000).meta({
    description: "Events that may wait for PostgreSQL in one queue. A full queue answers writes with 429 `queue_full`.",
  }),
};

/** @throws ConfigError with every fault of the environment */
export function loadRankerConfig(env: Environment) {
  const settings = parseEnvironment(rankerFields, ["REDIS_URL", "POSTGRES_URL"], env);
  const { POSTGRES_URL: homeUrl, urlsByRegion } = settings;
  const [alone] = [...urlsByRegion.POSTGRES_URL].filter(([, url]) => url !== "");
  if (homeUrl === undefined && alone !== undefined) {
    throw new ConfigError([`POSTGRES_URL is required beside POSTGRES_URL_${alone[0]}`]);
  }
  const service = toServiceConfig("ranker", settings);
  return Object.freeze({
    ...service,
    tokens: toTokenOptions(settings),
    registrationOpen: settings.JWT_JWKS_URL === undefined,
    guestsOpen: settings.GUESTS === "on" && settings.JWT_JWKS_URL === undefined,
    /** How long after a login tokens can be refreshed. */
    sessionSecondsMax: settings.JWT_SESSION_SECONDS,
    /** Names that one player may take. */
    nameLimit: { perSecond: settings.RATE_NAME_PER_DAY / (24 * 3600), burst: settings.RATE_NAME_PER_DAY },
    passwordsRequired: settings.PASSWORDS === "required",
    /** Failed logins of one player from one network. */
    loginLimit: { perSecond: settings.RATE_LOGIN_PER_MINUTE / 60, burst: settings.RATE_LOGIN_BURST },
    /** The databases of archived seasons. */
    archives: homeUrl === undefined ? undefined : { homeUrl, urlsByRegion: urlsByRegion.POSTGRES_URL },
    /** Whether a replica must have a write before it is answered. */
    isReplicated: service.storeChecks.isReplicated,
    /** Events that may wait in one queue; at this length writes are answered 429. */
    queueMax: settings.QUEUE_MAX,
  });
}

export type RankerConfig = ReturnType<typeof loadRankerConfig>;
