import { createTokens } from "shared/auth/tokens";
import { createLimiter } from "shared/limits/rate-limit";
import { createReplicaWait } from "shared/redis/replica-wait";
import { createMetrics, measureStores } from "shared/service/metrics";
import { runService } from "shared/service/service";
import { warnWithoutReplica } from "shared/stores/checks";
import { awaitFitStores } from "shared/stores/fit-stores";
import { connectStores } from "shared/stores/stores";
import { traceScripts } from "shared/tracing/tracing";
import { createAccounts } from "./accounts/accounts.ts";
import { createConfirmAccount } from "./accounts/confirm-account.ts";
import { createCountTry } from "./accounts/login-tries.ts";
import { createPasswords } from "./accounts/passwords.ts";
import { createApp } from "./app.ts";
import { createBoards } from "./boards/boards.ts";
import { loadRankerConfig } from "./config.ts";
import { createLive } from "./live/live.ts";
import { measureLive } from "./live/metrics.ts";
import { measureRanker } from "./metrics.ts";
import { createErasePlayer } from "./players/erase-player.ts";
import { createPlayers } from "./players/players.ts";
import { createSetVisibility } from "./players/set-visibility.ts";
import { createFenceWatch } from "./writes/fence-watch.ts";
import { createHasRoom, createSubmit } from "./writes/submit.ts";

// A write takes up to twice this where no replica answers, and a client's second has to hold the look-up before it.
const REPLICA_TIMEOUT_MS = 150;

await runService(
  () => loadRankerConfig(process.env),
  async (config, { log, shutdown, tracing, listen }) => {
    const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, queueMax } = config;
    const { passwordsRequired, registrationOpen } = config;
    const { regions } = topology;
    const connect = async (name: string) => {
      const connected = connectStores({ homeUrl, urlsByRegion, name, log });
      shutdown.onClose("redis", () => connected.close());
      const { of: redisOf } = await awaitFitStores({
        stores: connected,
        topology,
        regions,
        needsHome: true,
        isProduction: config.isProduction,
        log,
      });
      return { ...connected, of: redisOf };
    };
    const stores = await connect("ranker");
    // A connection that waits for a replica holds back what is behind: reads have their own.
    const writers = config.isReplicated ? await connect("ranker-writes") : stores;
    const confirm = config.isReplicated ? createReplicaWait(REPLICA_TIMEOUT_MS) : undefined;
    if (config.isReplicated) for (const redis of writers.all) await warnWithoutReplica(redis, log);

    const metrics = createMetrics("ranker");
    const used = { ...stores, all: [...new Set([...stores.all, ...writers.all])] };
    measureStores(metrics, used);
    if (tracing !== undefined) traceScripts(tracing, used);
    const passwords = await createPasswords();
    const { onReplay, onConfirm, onLostWrites } = measureRanker(metrics, { queueMax, passwords });

    const fences = createFenceWatch({ log, onLost: onLostWrites });
    const boards = createBoards(topology, stores.of);
    const submit = createSubmit({
      topology,
      redisOf: writers.of,
      confirm,
      fences,
      boards,
      queueMax,
      onReplay,
      traceparent: tracing?.current,
    });
    const hasRoom = createHasRoom({ topology, redisOf: stores.of, queueMax });
    const countTry = createCountTry(stores.home, createLimiter(), config.loginLimit);
    const live = createLive({ boards, measured: measureLive(metrics), log });
    const { app, lane } = createApp({
      topology,
      boards,
      live,
      submit,
      passwordsRequired,
      registrationOpen,
      log,
      metrics,
      tracing,
      accounts: createAccounts({
        redis: stores.home,
        writer: writers.home,
        confirm,
        fences,
        passwords,
        submit,
        hasRoom,
        countTry,
        passwordsRequired,
        queueMax,
      }),
      confirmAccount: createConfirmAccount(stores.home, undefined, onConfirm),
      players: createPlayers(topology, stores),
      erasePlayer: createErasePlayer({ topology, confirm, stores: writers, fences }),
      setVisibility: createSetVisibility({ topology, confirm, stores: writers, fences }),
      tokens: createTokens({
        ...config.tokens,
        onProviderFailure: (err) =>
          log.warn({ err }, "no new keys of the identity provider; the last ones go on being used"),
      }),
      dependencies: [...stores.byAddress].map(([address, redis]) => ({
        name: `redis ${address}`,
        isUp: () => redis.status === "ready",
      })),
      isStopping: () => shutdown.isStopping,
    });
    if (!passwordsRequired) log.warn("passwords are optional: whoever knows a name may log in as its player");
    listen(app.fetch, { takesLinks: true, lane, metrics });
    // The first step of the end: a stream would hold the server open, and its viewer had better look elsewhere.
    shutdown.onClose("live streams", () => live.close());
  },
);
