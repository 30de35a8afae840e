import type { ProviderOptions } from "shared/auth/provider";
import type { Identity, Revocations, TokenOptions } from "shared/auth/tokens";
import { createLog, type Log } from "shared/log/log";
import { createTopology, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { createConfirmAccount } from "../src/accounts/confirm-account.ts";
import { buildRanker, type Ranker, type RankerParts } from "../src/build.ts";

/** Everything of a ranker but the port, over a real Redis of one test file's own. */
export interface UnderTest {
  redis: Redis;
  redisUrl: string;
  close(): Promise<void>;
  /** A ranker over the same Redis; nothing is emptied. */
  build(options?: BuildOptions): Promise<Built>;
}

export interface BuildOptions {
  topology?: Topology;
  queueMax?: number;
  passwordsRequired?: boolean;
  provider?: ProviderOptions;
  /** Whether guests may come; so by default, but for players of a provider. */
  guestsOpen?: boolean;
  /**
   * Whether a write asks for the player's account; not so by default, since most players of tests
   * have none.
   */
  confirmsAccounts?: boolean;
  revocations?: Revocations | undefined;
  log?: Log;
  /** Where that is asked, if not in the Redis of the scores. */
  accountsIn?: Redis;
  /** The store of a region's scores, if not the one of the test. */
  redisOf?: (region: string) => Redis;
  /** How often viewers' boards and ranks are read. */
  live?: RankerParts["live"];
  /** PostgreSQL of final seasons; none by default. */
  archives?: RankerParts["archives"];
  /** Which reads are refused; none by default. */
  splits?: RankerParts["splits"];
}

export interface Built extends Ranker {
  topology: Topology;
  /** Sends JSON as a player. */
  post(path: string, body: unknown, as?: Identity, headers?: Record<string, string>): Promise<Response>;
}

export const tokenOptions: TokenOptions = {
  secret: "a secret of the tests, 32 bytes and more",
  issuer: "leaderboard",
  audience: "leaderboard",
  lifetimeSeconds: 3600,
};

/** The default of `RATE_LOGIN_…`. */
export const LOGIN_LIMIT = { perSecond: 2 / 60, burst: 10 };

/** A busy machine hashes slowly: who is turned away for that is the subject of one test alone. */
const HASH_PATIENCE_MS = 60_000;

export const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];

/** @param server a Redis of its own unless it is given */
export async function startUnderTest(server?: {
  redis: Redis;
  url: string;
  dispose(): Promise<void>;
}): Promise<UnderTest> {
  const { redis, url, dispose } = server ?? (await scratchRedisClient());
  await openFences(redis, createTopology(REGIONS, 1, []));
  return {
    redis,
    redisUrl: url,
    close: dispose,
    async build({ topology = createTopology(REGIONS, 1, ["main", "weekly"]), queueMax = 100_000, ...rest } = {}) {
      await openFences(redis, topology);
      const { provider, redisOf = () => redis, confirmsAccounts = false, accountsIn = redis } = rest;
      const settings = {
        topology,
        queueMax,
        tokens: { ...tokenOptions, provider },
        registrationOpen: provider === undefined,
        passwordsRequired: rest.passwordsRequired ?? false,
        loginLimit: LOGIN_LIMIT,
        guestsOpen: rest.guestsOpen ?? provider === undefined,
        sessionSecondsMax: 90 * 24 * 3600,
        nameLimit: { perSecond: 5 / (24 * 3600), burst: 5 },
        isReplicated: false,
      };
      const ranker = await buildRanker(settings, {
        log: rest.log ?? createLog("test", "silent"),
        stores: { home: redis, all: [redis], of: redisOf, byAddress: new Map([["of the test", redis]]) },
        confirmAccount: confirmsAccounts ? createConfirmAccount(accountsIn) : async () => {},
        live: rest.live ?? {},
        revocations: rest.revocations,
        splits: rest.splits,
        archives: rest.archives,
        hashPatienceMs: HASH_PATIENCE_MS,
        isStopping: () => false,
      });
      return {
        ...ranker,
        topology,
        async post(path, body, as, headers = {}) {
          const authorization = as === undefined ? {} : { Authorization: `Bearer ${await ranker.tokens.issue(as)}` };
          return ranker.app.request(path, {
            method: "POST",
            headers: { "Content-Type": "application/json", ...authorization, ...headers },
            body: typeof body === "string" ? body : JSON.stringify(body),
          });
        },
      };
    },
  };
}

/** A player whose name follows from the id. */
export const player = (userId: string, region = "EU"): Identity => ({ userId, name: `Name of ${userId}`, region });
