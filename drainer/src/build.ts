import type { Registry } from "prom-client";
import { allOrAny } from "shared/base/all-or-any";
import { TIMER_MS_MAX } from "shared/base/deadlines";
import type { Fetch } from "shared/http/incoming";
import { openDatabases } from "shared/postgres/databases";
import { createMetrics, measureStores } from "shared/service/metrics";
import type { Service } from "shared/service/service";
import type { Dependency } from "shared/service/status-routes";
import { awaitFitStores } from "shared/stores/fit-stores";
import { DRAINER_RIGHTS } from "shared/stores/rights";
import { connectStores } from "shared/stores/stores";
import { createApp } from "./app.ts";
import { readFinalSeasons } from "./archive/seasons-table.ts";
import { measureClocks } from "./clocks/clock-metrics.ts";
import { startClockWatch } from "./clocks/clock-watch.ts";
import type { DrainerConfig } from "./config.ts";
import { createQueueDrains, type QueueDrain } from "./drain/queue-drains.ts";
import { measureQueues } from "./drain/queue-metrics.ts";
import { startWorkers } from "./drain/start-workers.ts";
import { createGuard, type StoreState } from "./guard/guard.ts";
import { createRestorer } from "./guard/restorer.ts";
import { measureStoreStates } from "./guard/store-metrics.ts";
import { createLease } from "./leases/lease.ts";
import { probeDatabases } from "./postgres/database-probe.ts";
import { migrateWhenThere } from "./postgres/migrate-when-there.ts";
import { measurePurges } from "./purge/purge-metrics.ts";
import { startPurgeWatch } from "./purge/purge-watch.ts";
import { accountQueue } from "./queues/queues.ts";
import { startDriftWatch } from "./reconcile/drift-watch.ts";
import { measureSweeps } from "./reconcile/sweep-metrics.ts";
import { measureEnds } from "./seasons/end-metrics.ts";
import { startEndWatch } from "./seasons/end-watch.ts";
import { createPlanBoards } from "./seasons/plan-boards.ts";
import { measurePlans } from "./seasons/plan-metrics.ts";
import { type PlanWatch, startPlanWatch } from "./seasons/plan-watch.ts";

/** Time to empty the queues at shutdown; what is left of the deadline closes the stores. */
const LAST_DRAIN_MS = 6_000;
/**
 * The start waits for the first region as long as the process runs, and then two seconds for the
 * others.
 */
const START = { graceMs: 2_000, timeoutMs: TIMER_MS_MAX, what: "PostgreSQL" };

/** A drainer whose stores are connecting; its workers run after `start`. */
export interface Drainer {
  fetch: Fetch;
  metrics: Registry;
  /** Migrates the databases and drains the queues. Resolves when at least one queue is drained. */
  start(): Promise<void>;
}

/** Wires the drainer, and registers what it opens with the shutdown. */
export function buildDrainer(
  config: DrainerConfig,
  { log, shutdown, tracing }: Pick<Service, "log" | "shutdown" | "tracing">,
): Drainer {
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology } = config;
  const stores = connectStores({ homeUrl, urlsByRegion, name: "drainer", log });
  shutdown.onClose("redis", () => stores.close());
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  shutdown.onClose("postgres", () => databases.close());
  const sides = { topology, stores, databases };

  const metrics = createMetrics("drainer");
  const states = new Map<string, StoreState>();
  const measureState = measureStoreStates(metrics);
  const restoring = new AbortController();
  const restorer = createRestorer(sides, { log, signal: restoring.signal });
  const holder = crypto.randomUUID();
  const queues = createQueueDrains({
    sides,
    regions: config.drainRegions,
    hasAccounts: config.drainAccounts,
    batchMax: config.batchMax,
    tracing,
    toLease: (redis, keys) => createLease(redis, keys.lease, holder),
    toGuard: (place, lease) =>
      createGuard({
        ...place,
        lease,
        restorer,
        log,
        onState(tag, state) {
          states.set(tag, state);
          measureState(tag, state);
        },
      }),
  });
  measureStores(metrics, stores);
  const measured = measureQueues(metrics, queues);
  const purges = measurePurges(metrics);
  const plans = measurePlans(metrics);
  const ends = measureEnds(metrics);
  const clocks = measureClocks(metrics);
  let planning: PlanWatch | undefined;

  const urlOf = ({ region }: QueueDrain) => config.postgresUrlByRegion.get(region ?? "") ?? config.postgresUrl;
  const urls = new Set(queues.map(urlOf));
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

  let hasBegun = false;
  const app = createApp({
    dependencies: [...redisDependencies, ...databaseDependencies],
    isAtWork: () => hasBegun && isAnyUp(redisDependencies) && isAnyUp(databaseDependencies),
    isStopping: () => shutdown.isStopping,
    log,
  });

  async function start(): Promise<void> {
    const { drainRegions: regions, drainAccounts: needsHome, intervalMs, reconcileIntervalMs } = config;
    const needed = { stores, topology, regions, needsHome, rights: DRAINER_RIGHTS };
    const fit = await awaitFitStores({ ...needed, ...config.storeChecks, log });
    const migrated = new Map([...urls].map((url) => [url, migrateWhenThere(url, log)]));
    const workers = startWorkers(queues, {
      whenReady: (queue) => Promise.all([fit.whenFit(queue.redis), migrated.get(urlOf(queue))]),
      isStopping: () => shutdown.isStopping,
      onStep(tag, step, seconds) {
        measured.onStep(tag, step, seconds);
        if (tag === accountQueue.tag && step.state === "drained") planning?.wake();
        measureState(tag, step.state === "held_elsewhere" ? undefined : states.get(tag));
      },
      onFailure(tag) {
        measured.onFailure(tag);
        measureState(tag, "checking"); // after a failure it is not known to be whole
      },
      intervalMs,
      log,
    });
    shutdown.onClose("leases", () => Promise.allSettled(queues.map(({ lease }) => lease.release())));
    shutdown.onClose("workers", () => workers.stop(LAST_DRAIN_MS));
    shutdown.onClose("restore", () => restoring.abort(new Error("the drainer stops")));
    await allOrAny(workers.firstSteps, START);
    if (shutdown.isStopping) return;
    if (reconcileIntervalMs > 0) {
      const watch = startDriftWatch({
        sides,
        accountTag: accountQueue.tag,
        log,
        leases: workers.leases,
        metrics: measureSweeps(metrics),
        isOpen: (tag) => states.get(tag) === "open",
        intervalMs: reconcileIntervalMs,
      });
      shutdown.onClose("drift watch", () => watch.stop());
    }
    if (config.drainAccounts) {
      const purging = startPurgeWatch({
        sides,
        lease: () => workers.leases.get(accountQueue.tag),
        log,
        metrics: purges,
      });
      shutdown.onClose("purge of boards", () => purging.stop());
      const watch = startPlanWatch({
        planBoards: createPlanBoards({
          home: stores.home,
          database: databases.home,
          log,
          finalSeasons: (ids) => readFinalSeasons(databases.home, ids),
        }),
        lease: () => workers.leases.get(accountQueue.tag),
        log,
        metrics: plans,
      });
      shutdown.onClose("plans of seasons", () => watch.stop());
      planning = watch;
      const ending = startEndWatch({
        sides,
        urls: { home: config.postgresUrl, byRegion: config.postgresUrlByRegion },
        lease: () => workers.leases.get(accountQueue.tag),
        log,
        metrics: ends,
      });
      shutdown.onClose("ends of seasons", () => ending.stop());
      const comparing = startClockWatch({
        stores,
        databases,
        lease: () => workers.leases.get(accountQueue.tag),
        log,
        metrics: clocks,
      });
      shutdown.onClose("clocks", () => comparing.stop());
    }
    hasBegun = true;
    const missing = queues.map(({ keys }) => keys.tag).filter((tag) => !workers.leases.has(tag));
    log.info({ queues: workers.leases.size, missing: missing.length > 0 ? missing : undefined }, "draining");
  }

  return { fetch: app.fetch, metrics, start };
}

const isAnyUp = (dependencies: readonly Dependency[]) => dependencies.some(({ isUp }) => isUp());
