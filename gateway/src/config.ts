import { BlockList } from "node:net";
import { readRange } from "shared/limits/address";
import { commonFields, toServiceConfig } from "shared/service/config";
import { commaList, type Environment, httpUrl, parseEnvironment, wholeNumber } from "shared/service/environment";
import { tokenFields, toTokenOptions } from "shared/service/token-config";

const rate = (count: number) => wholeNumber(1, 10_000_000).default(count);

/** An origin as browsers write it in `Origin`: no path, no default port, lower case, no pattern. */
const isOrigin = (text: string) => /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

export const gatewayFields = {
  ...commonFields,
  ...tokenFields,
  PORT: wholeNumber(0, 65_535).default(4000).meta({ description: "Port to listen on." }),
  LEADERBOARD_SERVICE_URLS: commaList
    .refine((urls) => urls.length > 0, "must name at least one")
    .refine((urls) => urls.every((url) => httpUrl.safeParse(url).success), "must be comma-separated http:// URLs")
    .refine((urls) => new Set(urls).size === urls.length, "must not name one twice")
    .meta({ description: "The rankers, comma-separated.", example: "http://127.0.0.1:5000,http://127.0.0.1:5001" }),
  TRUSTED_PROXIES: commaList
    .refine(
      (networks) => networks.every((network) => readRange(network) !== undefined),
      "must be comma-separated IP addresses or networks",
    )
    .default([])
    .meta({
      description:
        "Addresses or networks whose `X-Forwarded-For` is believed, comma-separated: your load balancer. None by default.",
      example: "10.0.0.0/8",
    }),
  CORS_ORIGINS: commaList
    .refine(
      (origins) => origins.every(isOrigin) || (origins.length === 1 && origins[0] === "*"),
      "must be * or comma-separated origins such as https://play.example.org",
    )
    .default([])
    .meta({
      description: "Origins whose pages may call the API from a browser, comma-separated, or `*`. None by default.",
      example: "https://play.example.org",
    }),
  PUBLIC_URL: httpUrl.optional().meta({
    description:
      "Where callers reach the gateways, with a proxy's prefix: the server in `/openapi.json`, which clients made from a saved copy call.",
    example: "https://scores.example.org",
  }),
  RATE_USER_PER_SECOND: rate(20).meta({
    description: "Score writes of one player, over all gateways: permits a second.",
  }),
  RATE_USER_BURST: rate(40).meta({ description: "Score writes of one player at once, over all gateways." }),
  RATE_REGION_PER_SECOND: rate(5_000).meta({ description: "Writes of one region: permits a second." }),
  RATE_REGION_BURST: rate(10_000).meta({ description: "Writes of one region at once." }),
  RATE_ADDRESS_PER_SECOND: rate(20).meta({
    description: "Registrations and logins from one address: permits a second.",
  }),
  RATE_ADDRESS_BURST: rate(100).meta({ description: "Registrations and logins from one address at once." }),
  RATE_REGISTRATION_PER_MINUTE: rate(30).meta({
    description: "Registrations from one address, beside `RATE_ADDRESS_PER_SECOND`: permits a minute.",
  }),
  RATE_REGISTRATION_BURST: rate(100).meta({ description: "Registrations from one address at once." }),
  RATE_READ_PER_SECOND: rate(1_000).meta({
    description: "Reads from one address: permits a second. A rank costs 1 permit; docs/api.md has the others.",
  }),
  RATE_READ_BURST: rate(2_000).meta({ description: "Reads from one address at once, in permits." }),
  RATE_OPERATOR_PER_SECOND: rate(1_000).meta({
    description: "Requests of one operator, for example of a game server: permits a second.",
  }),
  RATE_OPERATOR_BURST: rate(2_000).meta({ description: "Requests of one operator at once." }),
  LIVE_STREAMS_MAX: wholeNumber(0, 1_000_000).default(10_000).meta({
    description:
      "Live streams that this gateway holds open; never more than three quarters of `BUN_CONFIG_MAX_HTTP_REQUESTS`.",
  }),
  LIVE_STREAMS_PER_ADDRESS: wholeNumber(0, 1_000_000)
    .default(100)
    .meta({ description: "Live streams of one address." }),
  BUN_CONFIG_MAX_HTTP_REQUESTS: wholeNumber(1, 65_336)
    .default(256)
    .meta({ description: "Bun's own bound of requests under way; each live stream is one. The containers set 16384." }),
};

// Share of Bun's requests that live streams may take; the rest serves requests that end.
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
    publicUrl: settings.PUBLIC_URL,
    /** Live streams of one address, and of all addresses. */
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
