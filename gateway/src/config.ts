import { BlockList } from "node:net";
import { readRange } from "shared/limits/address";
import {
  commaList,
  commonFields,
  type Environment,
  httpUrl,
  parseEnvironment,
  tokenFields,
  toServiceConfig,
  toTokenOptions,
  wholeNumber,
} from "shared/service/config";

const rate = (count: number) => wholeNumber(1, 10_000_000).default(count);

/** As a browser writes one in `Origin`: no path, no default port, small letters, and no pattern. */
const isOrigin = (text: string) => /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

export const gatewayFields = {
  ...commonFields,
  ...tokenFields,
  PORT: wholeNumber(0, 65_535).default(4000),
  LEADERBOARD_SERVICE_URLS: commaList
    .refine((urls) => urls.length > 0, "must name at least one")
    .refine((urls) => urls.every((url) => httpUrl.safeParse(url).success), "must be comma-separated http:// URLs")
    .refine((urls) => new Set(urls).size === urls.length, "must not name one twice"),
  TRUSTED_PROXIES: commaList
    .refine(
      (networks) => networks.every((network) => readRange(network) !== undefined),
      "must be comma-separated IP addresses or networks",
    )
    .default([]),
  CORS_ORIGINS: commaList
    .refine(
      (origins) => origins.every(isOrigin) || (origins.length === 1 && origins[0] === "*"),
      "must be * or comma-separated origins such as https://play.example.org",
    )
    .default([]),
  RATE_USER_PER_SECOND: rate(20),
  RATE_USER_BURST: rate(40),
  RATE_REGION_PER_SECOND: rate(5_000),
  RATE_REGION_BURST: rate(10_000),
  RATE_ADDRESS_PER_SECOND: rate(20),
  RATE_ADDRESS_BURST: rate(100),
  RATE_REGISTRATION_PER_MINUTE: rate(30),
  RATE_REGISTRATION_BURST: rate(100),
  RATE_READ_PER_SECOND: rate(1_000),
  RATE_READ_BURST: rate(2_000),
  RATE_OPERATOR_PER_SECOND: rate(1_000),
  RATE_OPERATOR_BURST: rate(2_000),
  LIVE_STREAMS_MAX: wholeNumber(0, 1_000_000).default(10_000),
  LIVE_STREAMS_PER_ADDRESS: wholeNumber(0, 1_000_000).default(100),
  // Bun's own limit of requests under way in the process. A live stream is one for as long as it is open.
  BUN_CONFIG_MAX_HTTP_REQUESTS: wholeNumber(1, 65_336).default(256),
};

// Share of Bun's requests that streams may take. The rest stays free for answers that end.
const STREAMS_SHARE = 0.75;

/** @throws ConfigError with every fault of the environment */
export function loadGatewayConfig(env: Environment) {
  const settings = parseEnvironment(gatewayFields, ["REDIS_URL"], env);
  return Object.freeze({
    ...toServiceConfig("gateway", settings),
    tokens: toTokenOptions(settings),
    rankerUrls: settings.LEADERBOARD_SERVICE_URLS,
    trustedProxies: toBlockList(settings.TRUSTED_PROXIES),
    corsOrigins: settings.CORS_ORIGINS,
    /** Live streams of one address, and of all. */
    streams: {
      perAddress: settings.LIVE_STREAMS_PER_ADDRESS,
      total: Math.min(settings.LIVE_STREAMS_MAX, Math.floor(STREAMS_SHARE * settings.BUN_CONFIG_MAX_HTTP_REQUESTS)),
    },
    /** Permits a second, and the most a bucket holds. */
    limits: {
      user: { perSecond: settings.RATE_USER_PER_SECOND, burst: settings.RATE_USER_BURST },
      region: { perSecond: settings.RATE_REGION_PER_SECOND, burst: settings.RATE_REGION_BURST },
      address: { perSecond: settings.RATE_ADDRESS_PER_SECOND, burst: settings.RATE_ADDRESS_BURST },
      registration: { perSecond: settings.RATE_REGISTRATION_PER_MINUTE / 60, burst: settings.RATE_REGISTRATION_BURST },
      read: { perSecond: settings.RATE_READ_PER_SECOND, burst: settings.RATE_READ_BURST },
      operator: { perSecond: settings.RATE_OPERATOR_PER_SECOND, burst: settings.RATE_OPERATOR_BURST },
    },
  });
}

export type GatewayConfig = ReturnType<typeof loadGatewayConfig>;

/** The networks as a list that addresses can be checked against. */
export function toBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const range = readRange(network);
    if (range !== undefined) list.addSubnet(range.address, range.prefix, range.family);
  }
  return list;
}
