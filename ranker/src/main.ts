import { createMetrics, measureStores } from "shared/metrics";
import { createLimiter } from "shared/rate-limit";
import { runService } from "shared/service";
import { awaitStores, connectStores, storeName } from "shared/stores";
import { createTokens } from "shared/tokens";
import { traceScripts } from "shared/tracing";
import { createAccounts } from "./accounts.ts";
import { createApp } from "./app.ts";
import { createBoards } from "./boards.ts";
import { loadRankerConfig } from "./config.ts";
import { createConfirmAccount } from "./confirm-account.ts";
import { createCountTry } from "./login-tries.ts";
import { measureRanker } from "./metrics.ts";
import { createPasswords } from "./passwords.ts";
import { createHasRoom, createSubmit } from "./submit.ts";

await runService(
  () => loadRankerConfig(process.env),
  async (config, { log, shutdown, tracing, listen }) => {
    const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, queueMax } = config;
    const { passwordsRequired, registrationOpen } = config;
    const stores = connectStores({ homeUrl, urlsByRegion, name: "ranker", log });
    shutdown.onClose("redis", () => stores.close());
    await awaitStores(stores, config.isProduction, log);

    const metrics = createMetrics("ranker");
    measureStores(metrics, stores);
    if (tracing !== undefined) traceScripts(tracing, stores);
    const passwords = await createPasswords();
    const { onReplay, onConfirm } = measureRanker(metrics, { queueMax, passwords });

    const boards = createBoards(topology, stores.of);
    const submit = createSubmit({
      topology,
      redisOf: stores.of,
      boards,
      queueMax,
      onReplay,
      traceparent: tracing?.current,
    });
    const hasRoom = createHasRoom({ topology, redisOf: stores.of, queueMax });
    const countTry = createCountTry(stores.home, createLimiter(), config.loginLimit);
    const app = createApp({
      ...{ topology, boards, submit, passwordsRequired, registrationOpen, log, metrics, tracing },
      accounts: createAccounts({
        ...{ redis: stores.home, passwords, submit, hasRoom, countTry, passwordsRequired, queueMax },
      }),
      confirmAccount: createConfirmAccount(stores.home, undefined, onConfirm),
      tokens: createTokens({
        ...config.tokens,
        onProviderFailure: (err) => log.warn({ err }, "the identity provider does not answer"),
      }),
      dependencies: stores.all.map((redis) => ({
        name: `redis ${storeName(redis)}`,
        isUp: () => redis.status === "ready",
      })),
      isStopping: () => shutdown.isStopping,
    });
    if (!passwordsRequired) log.warn("passwords are optional: whoever knows a name may log in as its player");
    listen(app.fetch);
  },
);
