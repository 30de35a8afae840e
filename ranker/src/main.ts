import { createMetrics } from "shared/metrics";
import { createLimiter } from "shared/rate-limit";
import { runService } from "shared/service";
import { awaitStores, connectStores } from "shared/stores";
import { createTokens } from "shared/tokens";
import { createAccounts } from "./accounts.ts";
import { createApp } from "./app.ts";
import { createBoards } from "./boards.ts";
import { loadRankerConfig } from "./config.ts";
import { createConfirmAccount } from "./confirm-account.ts";
import { createLive } from "./live/live.ts";
import { measureLive } from "./live/metrics.ts";
import { createCountTry } from "./login-tries.ts";
import { createPasswords } from "./passwords.ts";
import { createHasRoom, createSubmit } from "./submit.ts";

await runService(
  () => loadRankerConfig(process.env),
  async (config, { log, shutdown, listen }) => {
    const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, queueMax } = config;
    const { passwordsRequired, registrationOpen } = config;
    const stores = connectStores({ homeUrl, urlsByRegion, name: "ranker", log });
    shutdown.onClose("redis", () => stores.close());
    await awaitStores(stores, config.isProduction, log);

    const boards = createBoards(topology, stores.of);
    const submit = createSubmit({ topology, redisOf: stores.of, boards, queueMax });
    const hasRoom = createHasRoom({ topology, redisOf: stores.of, queueMax });
    const passwords = await createPasswords();
    const countTry = createCountTry(stores.home, createLimiter(), config.loginLimit);
    const metrics = createMetrics("ranker");
    const live = createLive({ boards, measured: measureLive(metrics), log });
    const app = createApp({
      ...{ topology, boards, live, submit, passwordsRequired, registrationOpen, log, metrics },
      accounts: createAccounts({
        ...{ redis: stores.home, passwords, submit, hasRoom, countTry, passwordsRequired, queueMax },
      }),
      confirmAccount: createConfirmAccount(stores.home),
      tokens: createTokens({
        ...config.tokens,
        onProviderFailure: (err) => log.warn({ err }, "the identity provider does not answer"),
      }),
      dependencies: stores.all.map((redis) => ({
        name: `redis ${redis.options.host}:${redis.options.port}`,
        isUp: () => redis.status === "ready",
      })),
      isStopping: () => shutdown.isStopping,
    });
    if (!passwordsRequired) log.warn("passwords are optional: whoever knows a name may log in as its player");
    listen(app.fetch);
    // The first step of the end: a stream would hold the server open, and its viewer had better look elsewhere.
    shutdown.onClose("live streams", () => live.close());
  },
);
