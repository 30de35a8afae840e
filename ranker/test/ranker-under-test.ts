import type { Registry } from "prom-client";
import type { ProviderOptions } from "shared/auth/provider";
import { createTokens, type Identity, type TokenOptions, type Tokens } from "shared/auth/tokens";
import { createLimiter } from "shared/limits/rate-limit";
import { createLog, type Log } from "shared/log/log";
import { createTopology, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { createMetrics } from "shared/service/metrics";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { type Accounts, createAccounts } from "../src/accounts/accounts.ts";
import { createConfirmAccount } from "../src/accounts/confirm-account.ts";
import { createCountTry } from "../src/accounts/login-tries.ts";
import { createPasswords } from "../src/accounts/passwords.ts";
import { createApp, type RankerApp } from "../src/app.ts";
import { type Boards, createBoards } from "../src/boards/boards.ts";
import { createLive, type Live, type LiveOptions } from "../src/live/live.ts";
import { measureLive } from "../src/live/metrics.ts";
import { createErasePlayer, type ErasePlayer } from "../src/players/erase-player.ts";
import { createPlayers } from "../src/players/players.ts";
import { createSetVisibility, type SetVisibility } from "../src/players/set-visibility.ts";
import { createFenceWatch } from "../src/writes/fence-watch.ts";
import { createHasRoom, createSubmit, type Submit } from "../src/writes/submit.ts";

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
  /** Whether a write asks for the player's account; not so by default, since most players of tests have none. */
  confirmsAccounts?: boolean;
  log?: Log;
  /** Where that is asked, if not in the Redis of the scores. */
  accountsIn?: Redis;
  /** The store of a region's scores, if not the one of the test. */
  redisOf?: (region: string) => Redis;
  /** How often viewers' boards and ranks are read. */
  live?: Pick<LiveOptions, "boardIntervalMs" | "rankIntervalMs">;
}

export interface Built {
  app: RankerApp;
  boards: Boards;
  live: Live;
  metrics: Registry;
  submit: Submit;
  setVisibility: SetVisibility;
  erasePlayer: ErasePlayer;
  accounts: Accounts;
  tokens: Tokens;
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
  const log = createLog("test", "silent");
  await openFences(redis, createTopology(REGIONS, 1, []));
  return {
    redis,
    redisUrl: url,
    close: dispose,
    async build({ topology = createTopology(REGIONS, 1, ["main", "weekly"]), queueMax = 100_000, ...rest } = {}) {
      const passwordsRequired = rest.passwordsRequired ?? false;
      const redisOf = rest.redisOf ?? (() => redis);
      await openFences(redis, topology);
      const fences = createFenceWatch({ log });
      const boards = createBoards(topology, redisOf);
      const submit = createSubmit({ topology, redisOf, fences, boards, queueMax });
      const passwords = await createPasswords(HASH_PATIENCE_MS);
      const countTry = createCountTry(redis, createLimiter(), LOGIN_LIMIT);
      const hasRoom = createHasRoom({ topology, redisOf, queueMax });
      const accounts = createAccounts({
        redis,
        fences,
        passwords,
        submit,
        hasRoom,
        countTry,
        passwordsRequired,
        queueMax,
      });
      const confirmAccount =
        rest.confirmsAccounts === true ? createConfirmAccount(rest.accountsIn ?? redis) : async () => {};
      const tokens = createTokens({ ...tokenOptions, provider: rest.provider });
      const metrics = createMetrics("test");
      const live = createLive({ boards, measured: measureLive(metrics), log, ...rest.live });
      const stores = { home: redis, all: [redis], of: redisOf };
      const setVisibility = createSetVisibility({ topology, stores, fences });
      const erasePlayer = createErasePlayer({ topology, stores, fences });
      const { app } = createApp({
        setVisibility,
        players: createPlayers(topology, stores),
        erasePlayer,
        topology,
        boards,
        live,
        metrics,
        submit,
        accounts,
        confirmAccount,
        tokens,
        passwordsRequired,
        log: rest.log ?? log,
        registrationOpen: rest.provider === undefined,
        dependencies: [{ name: "redis", isUp: () => redis.status === "ready" }],
        isStopping: () => false,
      });
      return {
        app,
        boards,
        live,
        metrics,
        submit,
        setVisibility,
        erasePlayer,
        accounts,
        tokens,
        topology,
        async post(path, body, as, headers = {}) {
          const authorization = as === undefined ? {} : { Authorization: `Bearer ${await tokens.issue(as)}` };
          return app.request(path, {
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
