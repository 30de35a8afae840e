import { LIMIT_COMMAND_MS } from "shared/base/deadlines";
import { revokedReader } from "shared/operators/revoked-tokens";
import { watchRevocations } from "shared/operators/watch-revocations";
import { measureStores } from "shared/service/metrics";
import { runService } from "shared/service/service";
import { warnWithoutBuckets } from "shared/stores/rights";
import { connectStores, connectWithin } from "shared/stores/stores";
import { traceScripts } from "shared/tracing/tracing";
import { buildGateway } from "./build.ts";
import { loadGatewayConfig } from "./config.ts";
import { buildPage } from "./site/page.ts";
import { startHealthChecks } from "./upstream/health.ts";
import { closeLinks, createPool, openLinks } from "./upstream/upstreams.ts";

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
      commandTimeoutMs: LIMIT_COMMAND_MS,
    });
    shutdown.onClose("redis", () => stores.close());
    // Without Redis each gateway counts by itself and gives the whole quota, so that it waits a
    // little for Redis first.
    await connectWithin(stores, CONNECT_MS);
    const revocations = watchRevocations({ read: revokedReader(stores.home), log });
    shutdown.onClose("revoked tokens", () => revocations.close());
    await warnWithoutBuckets(stores, topology.regions, log);

    const pool = createPool(config.rankerUrls);
    const checks = startHealthChecks(pool, log);
    shutdown.onClose("health checks", () => checks.stop());
    shutdown.onClose("links", () => closeLinks(pool));
    await Promise.all([checks.firstRound, openLinks(pool), revocations.firstRead]);

    const page = await buildPage({
      regions: topology.regions,
      registrationOpen: config.tokens.provider === undefined,
    });
    const isStopping = () => shutdown.isStopping;
    const { app, live, metrics } = buildGateway(config, { log, stores, pool, page, tracing, revocations, isStopping });
    measureStores(metrics, stores);
    if (tracing !== undefined) traceScripts(tracing, stores);
    listen(app.fetch, { metrics });
    // Streams end first: they would hold the server open, and their viewers reconnect to another
    // gateway.
    shutdown.onClose("live streams", () => live.close());
  },
);
