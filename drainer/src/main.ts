import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log";
import { createMetrics, measureStores } from "shared/metrics";
import type { Redis } from "shared/redis";
import { runService, type Service } from "shared/service";
import { awaitStores, connectStores } from "shared/stores";
import { createApp } from "./app.ts";
import { type DrainerConfig, loadDrainerConfig } from "./config.ts";
import type { Database } from "./database.ts";
import { openDatabases } from "./databases.ts";
import { createDrain, type EventKind } from "./drain.ts";
import { startDriftWatch } from "./drift-watch.ts";
import type { Versioned } from "./fold.ts";
import { createLease } from "./lease.ts";
import { measureQueues, measureSweeps } from "./metrics.ts";
import { migrate } from "./migrate.ts";
import { backoffAfter } from "./pace.ts";
import type { QueueKeys } from "./queue.ts";
import { accountQueue, scoreQueuesOf } from "./queues.ts";
import { accountEvents } from "./upsert-accounts.ts";
import { scoreEventsOf } from "./upsert-scores.ts";
import { startWorker } from "./worker.ts";

/** What is left for emptying the queues, so that the stores can still be closed in time. */
const LAST_DRAIN_MS = 6_000;

async function run(config: DrainerConfig, { log, shutdown, tracing, listen }: Service): Promise<void> {
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, batchMax } = config;
  const stores = connectStores({ homeUrl, urlsByRegion, name: "drainer", log });
  shutdown.onClose("redis", () => stores.close());
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  shutdown.onClose("postgres", () => databases.close());

  const holder = crypto.randomUUID();
  function toQueue<E extends Versioned>(keys: QueueKeys, redis: Redis, database: Database, kind: EventKind<E>) {
    const lease = createLease(redis, keys.lease, holder);
    return { keys, redis, lease, drain: createDrain({ redis, database, keys, kind, lease, batchMax, tracing }) };
  }
  const scoreEvents = scoreEventsOf(topology);
  const queues = [
    ...scoreQueuesOf(topology).map((keys) =>
      toQueue(keys, stores.of(keys.region), databases.of(keys.region), scoreEvents),
    ),
    toQueue(accountQueue, stores.home, databases.home, accountEvents),
  ];

  const metrics = createMetrics("drainer");
  measureStores(metrics, stores);
  const measured = measureQueues(metrics, queues);
  let isDraining = false;
  const app = createApp({ isReady: () => isDraining && !shutdown.isStopping, log, metrics });
  listen(app.fetch);

  await awaitStores(stores, config.isProduction, log);
  await migrateAll(new Set([config.postgresUrl, ...config.postgresUrlByRegion.values()]), log);
  if (shutdown.isStopping) return;
  const workers = queues.map(({ keys: { tag }, drain }) =>
    startWorker({
      ...{ tag, drain, log, intervalMs: config.intervalMs },
      onStep: (step, seconds) => measured.onStep(tag, step, seconds),
      onFailure: () => measured.onFailure(tag),
    }),
  );
  shutdown.onClose("leases", () => Promise.allSettled(queues.map(({ lease }) => lease.release())));
  shutdown.onClose("workers", () => Promise.all(workers.map((worker) => worker.stop(LAST_DRAIN_MS))));
  if (config.reconcileIntervalMs > 0) {
    const watch = startDriftWatch({
      ...{ sides: { topology, stores, databases }, accountTag: accountQueue.tag, log },
      ...{ leases: new Map(queues.map(({ keys, lease }) => [keys.tag, lease])), metrics: measureSweeps(metrics) },
      intervalMs: config.reconcileIntervalMs,
    });
    shutdown.onClose("drift watch", () => watch.stop());
  }
  isDraining = true;
  log.info({ queues: queues.length, databases: databases.all.length }, "draining");
}

/** Tries until PostgreSQL is there: the events can wait, and so can we. */
async function migrateAll(urls: ReadonlySet<string>, log: Log): Promise<void> {
  for (const url of urls) {
    for (let failures = 1; ; failures++) {
      try {
        const applied = await migrate(url);
        if (applied.length > 0) log.info({ database: new URL(url).pathname.slice(1), applied }, "migrated");
        break;
      } catch (error) {
        log.warn({ database: new URL(url).pathname.slice(1), err: error }, "the database cannot be migrated yet");
        await delay(backoffAfter(failures, Math.random()));
      }
    }
  }
}

await runService(() => loadDrainerConfig(process.env), run);
