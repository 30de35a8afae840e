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
import { createErasePlayer } from "./erase-player.ts";
import { createCountTry } from "./login-tries.ts";
import { createPasswords } from "./passwords.ts";
import { createPlayers } from "./players.ts";
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
    const app = createApp({
      ...{ topology, boards, submit, passwordsRequired, registrationOpen, log },
      accounts: createAccounts({
        ...{ redis: stores.home, passwords, submit, hasRoom, countTry, passwordsRequired, queueMax },
      }),
      confirmAccount: createConfirmAccount(stores.home),
      players: createPlayers(topology, stores),
      erasePlayer: createErasePlayer({
        ...{ topology, stores },
        onSwept: (user_id, keys, err) => {
          if (err === undefined) log.info({ user_id, keys }, "what expires of an erased player is gone");
          else log.warn({ user_id, err }, "what expires of an erased player is left to expire");
        },
      }),
      tokens: createTokens({
        ...config.tokens,
        onProviderFailure: (err) => log.warn({ err }, "the identity provider does not answer"),
      }),
      dependencies: stores.all.map((redis) => ({
        name: `redis ${redis.options.host}:${redis.options.port}`,
        isUp: () => redis.status === "ready",
      })),
      isStopping: () => shutdown.isStopping,
      metrics: createMetrics("ranker"),
    });
    if (!passwordsRequired) log.warn("passwords are optional: whoever knows a name may log in as its player");
    listen(app.fetch);
  },
);
