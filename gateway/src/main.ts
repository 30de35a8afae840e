import { measureStores } from "shared/service/metrics";
import { runService } from "shared/service/service";
import { connectStores, connectWithin } from "shared/stores/stores";
import { traceScripts } from "shared/tracing/tracing";
import { buildGateway } from "./build.ts";
import { loadGatewayConfig } from "./config.ts";
import { buildPage } from "./site/page.ts";
import { startHealthChecks } from "./upstream/health.ts";
import { openLinks } from "./upstream/links.ts";
import { createPool } from "./upstream/upstreams.ts";

// A limit is not worth more of a client's second; this process counts by itself after it.
const LIMITER_TIMEOUT_MS = 100;
const CONNECT_MS = 500;

await runService(
  () => loadGatewayConfig(process.env),
  async (config, { log, shutdown, tracing, listen }) => {
    const { topology } = config;
    const stores = connectStores({
      homeUrl: config.redisUrl,
      urlsByRegion: config.redisUrlByRegion,
      name: "gateway",
      log,
      commandTimeoutMs: LIMITER_TIMEOUT_MS,
    });
    shutdown.onClose("redis", () => stores.close());
    // Without Redis the limits are counted here: no reason not to start, but every gateway would give the whole quota.
    await connectWithin(stores, CONNECT_MS);

    const pool = createPool(config.rankerUrls);
    const checks = startHealthChecks(pool, log);
    shutdown.onClose("health checks", () => checks.stop());
    const links = openLinks(pool);
    shutdown.onClose("links", () => links.close());
    await Promise.all([checks.firstRound, links.firstTry]);

    const page = await buildPage({
      regions: topology.regions,
      boards: topology.boards,
      registrationOpen: config.tokens.provider === undefined,
    });
    const isStopping = () => shutdown.isStopping;
    const { app, live, metrics } = buildGateway(config, { log, stores, pool, links, page, tracing, isStopping });
    measureStores(metrics, stores);
    if (tracing !== undefined) traceScripts(tracing, stores);
    listen(app.fetch, { metrics });
    // The first step of the end: a stream would hold the server open, and its viewer had better look elsewhere.
    shutdown.onClose("live streams", () => live.close());
  },
);
