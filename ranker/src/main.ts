import { ConfigError } from "shared/config";
import { createLog } from "shared/log";
import { createMetrics } from "shared/metrics";
import { createShutdown, stopOnSignals } from "shared/shutdown";
import { awaitStores, connectStores } from "shared/stores";
import { createTokens } from "shared/tokens";
import { createAccounts } from "./accounts.ts";
import { createApp } from "./app.ts";
import { createBoards } from "./boards.ts";
import { loadRankerConfig, type RankerConfig } from "./config.ts";
import { createPasswords } from "./passwords.ts";
import { createSubmit } from "./submit.ts";

const SHUTDOWN_DEADLINE_MS = 10_000;
// Two probes of a gateway: by then it sends no new requests here.
const DRAIN_MS = 600;
// Longer than a proxy keeps an idle connection, so that it is never we who close one it is about to use.
const IDLE_TIMEOUT_SECONDS = 120;
// Well above the body limit: the answer to a large body is a problem document, not a closed connection.
const READ_BYTES_MAX = 1024 * 1024;

async function run(config: RankerConfig): Promise<void> {
  const log = createLog("ranker", config.logLevel);
  const shutdown = createShutdown({ log, deadlineMs: SHUTDOWN_DEADLINE_MS });
  stopOnSignals(shutdown, log);
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology } = config;
  const stores = connectStores({ homeUrl, urlsByRegion, name: "ranker", log });
  shutdown.onClose("redis", () => stores.close());
  await awaitStores(stores, config.isProduction);

  const boards = createBoards(topology, stores.of);
  const submit = createSubmit({ topology, redisOf: stores.of, boards, queueMax: config.queueMax });
  const { queueMax, passwordsRequired } = config;
  const passwords = await createPasswords();
  const app = createApp({
    ...{ topology, boards, submit, passwordsRequired, log },
    accounts: createAccounts({ redis: stores.home, passwords, submit, passwordsRequired, queueMax }),
    tokens: createTokens(config.tokens),
    dependencies: stores.all.map((redis) => ({
      name: `redis ${redis.options.host}:${redis.options.port}`,
      isUp: () => redis.status === "ready",
    })),
    isStopping: () => shutdown.isStopping,
    metrics: createMetrics("ranker"),
  });
  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: READ_BYTES_MAX,
    fetch: app.fetch,
  });
  shutdown.onClose("server", () => server.stop());
  shutdown.onClose("drain", () => Bun.sleep(DRAIN_MS));
  log.info({ address: `${server.hostname}:${server.port}`, passwords: config.passwordsRequired }, "listening");
}

try {
  await run(loadRankerConfig(process.env));
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
}
