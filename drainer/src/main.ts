import { allOrAny } from "shared/base/all-or-any";
import { onStoreReady, type Redis } from "shared/redis/redis";
import { createMetrics, measureStores } from "shared/service/metrics";
import { runService, type Service } from "shared/service/service";
import type { Dependency } from "shared/service/status-routes";
import { awaitFitStores } from "shared/stores/fit-stores";
import { connectStores } from "shared/stores/stores";
import { createApp } from "./app.ts";
import { type DrainerConfig, loadDrainerConfig } from "./config.ts";
import { createDrain } from "./drain/drain.ts";
import type { EventKind } from "./drain/event-kind.ts";
import type { Versioned } from "./drain/fold.ts";
import { startWorker, type Worker } from "./drain/worker.ts";
import { createGuard, type StoreState } from "./guard/guard.ts";
import { createRestorer } from "./guard/restorer.ts";
import { measureQueues, measureStoreStates, measureSweeps } from "./metrics.ts";
import { probeDatabases } from "./postgres/database-probe.ts";
import { openDatabases } from "./postgres/databases.ts";
import { migrateWhenThere } from "./postgres/migrate-when-there.ts";
import { createLease, type Lease } from "./queues/lease.ts";
import type { QueueKeys } from "./queues/queue.ts";
import { accountQueue, scoreQueuesOf } from "./queues/queues.ts";
import { startDriftWatch } from "./reconcile/drift-watch.ts";
import { accountEvents } from "./rows/upsert-accounts.ts";
import { scoreEventsOf } from "./rows/upsert-scores.ts";

/** What is left for emptying the queues, so that the stores can still be closed in time. */
const LAST_DRAIN_MS = 6_000;
// What a region that is away may cost the start of the others, and what the first one has to come.
const START = { graceMs: 2_000, timeoutMs: 2 ** 31 - 1, what: "PostgreSQL" };

async function run(config: DrainerConfig, { log, shutdown, tracing, listen }: Service): Promise<void> {
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, batchMax } = config;
  const { drainRegions: regions, drainAccounts, isProduction } = config;
  const stores = connectStores({ homeUrl, urlsByRegion, name: "drainer", log });
  shutdown.onClose("redis", () => stores.close());
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  shutdown.onClose("postgres", () => databases.close());

  const metrics = createMetrics("drainer");
  const states = new Map<string, StoreState>();
  const measureState = measureStoreStates(metrics);
  const onState = (tag: string, state: StoreState) => {
    states.set(tag, state);
    measureState(tag, state);
  };
  const restoring = new AbortController();
  const restore = createRestorer({ topology, stores, databases }, { log, signal: restoring.signal });

  const holder = crypto.randomUUID();
  function toQueue<E extends Versioned>(keys: QueueKeys, redis: Redis, url: string, kind: EventKind<E>) {
    const lease = createLease(redis, keys.lease, holder);
    const database = databases.at(url);
    const guard = createGuard({ redis, tag: keys.tag, database, lease, restore, log, onState });
    const drain = createDrain({ redis, database, keys, kind, lease, guard, batchMax, tracing });
    return { keys, redis, url, lease, drain };
  }
  const scoreEvents = scoreEventsOf(topology);
  const urlOf = (region: string) => config.postgresUrlByRegion.get(region) ?? config.postgresUrl;
  const queues = [
    ...scoreQueuesOf(topology)
      .filter(({ region }) => regions.includes(region))
      .map((keys) => toQueue(keys, stores.of(keys.region), urlOf(keys.region), scoreEvents)),
    ...(drainAccounts ? [toQueue(accountQueue, stores.home, config.postgresUrl, accountEvents)] : []),
  ];

  const urls = new Set(queues.map(({ url }) => url));
  const probe = probeDatabases(urls);
  shutdown.onClose("database probe", () => probe.close());
  const used = new Set(queues.map(({ redis }) => redis));
  const redisDependencies = [...stores.byAddress]
    .filter(([, redis]) => used.has(redis))
    .map(([address, redis]) => ({ name: `redis ${address}`, isUp: () => redis.status === "ready" }));
  const databaseDependencies = [...urls].map((url) => ({
    name: `postgres ${databases.at(url).label}`,
    isUp: () => probe.isUp(url),
  }));
  const isSomeUp = (each: readonly Dependency[]) => each.some(({ isUp }) => isUp());

  measureStores(metrics, stores);
  const measured = measureQueues(metrics, queues);
  let hasBegun = false;
  const app = createApp({
    dependencies: [...redisDependencies, ...databaseDependencies],
    isAtWork: () => hasBegun && isSomeUp(redisDependencies) && isSomeUp(databaseDependencies),
    isStopping: () => shutdown.isStopping,
    log,
  });
  listen(app.fetch, { metrics });

  const fit = await awaitFitStores({ stores, topology, regions, needsHome: drainAccounts, isProduction, log });
  const migrated = new Map([...urls].map((url) => [url, migrateWhenThere(url, log)]));
  const workers: Worker[] = [];
  const leases = new Map<string, Lease>();
  // Each queue begins when both its stores are there, whatever becomes of the others.
  const started = queues.map(async ({ keys: { tag }, redis, url, lease, drain }) => {
    await Promise.all([fit.whenFit(redis), migrated.get(url)]);
    if (shutdown.isStopping) return;
    leases.set(tag, lease);
    // The first step compares Redis with PostgreSQL, and opens it: before that nothing can be written.
    const firstStep = Promise.withResolvers<void>();
    const worker = startWorker({
      tag,
      drain,
      lease,
      log,
      intervalMs: config.intervalMs,
      onStep(step, seconds) {
        measured.onStep(tag, step, seconds);
        measureState(tag, step.state === "held_elsewhere" ? undefined : states.get(tag));
        firstStep.resolve();
      },
      onFailure() {
        measured.onFailure(tag);
        measureState(tag, "checking"); // it may be whole, and is not known to be
      },
    });
    workers.push(worker);
    onStoreReady(redis, () => worker.wake());
    await firstStep.promise;
  });
  shutdown.onClose("leases", () => Promise.allSettled(queues.map(({ lease }) => lease.release())));
  shutdown.onClose("workers", () => Promise.all(workers.map((worker) => worker.stop(LAST_DRAIN_MS))));
  shutdown.onClose("restore", () => restoring.abort(new Error("the drainer stops")));
  await allOrAny(started, START);
  if (shutdown.isStopping) return;
  if (config.reconcileIntervalMs > 0) {
    const watch = startDriftWatch({
      sides: { topology, stores, databases },
      accountTag: accountQueue.tag,
      log,
      leases,
      metrics: measureSweeps(metrics),
      isOpen: (tag) => states.get(tag) === "open",
      intervalMs: config.reconcileIntervalMs,
    });
    shutdown.onClose("drift watch", () => watch.stop());
  }
  hasBegun = true;
  const missing = queues.map(({ keys }) => keys.tag).filter((tag) => !leases.has(tag));
  log.info({ queues: workers.length, ...(missing.length > 0 ? { missing } : {}) }, "draining");
}

await runService(() => loadDrainerConfig(process.env), run);
