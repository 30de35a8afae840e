import { revokedReader } from "shared/operators/revoked-tokens";
import { watchRevocations } from "shared/operators/watch-revocations";
import { measureStores } from "shared/service/metrics";
import { runService } from "shared/service/service";
import { warnWithoutReplica } from "shared/stores/checks";
import { awaitFitStores } from "shared/stores/fit-stores";
import { RANKER_RIGHTS } from "shared/stores/rights";
import { connectStores } from "shared/stores/stores";
import { traceScripts } from "shared/tracing/tracing";
import { openArchiveDatabases } from "./archive/archive-databases.ts";
import { watchSplits } from "./boards/split-watch.ts";
import { buildRanker } from "./build.ts";
import { loadRankerConfig } from "./config.ts";

await runService(
  () => loadRankerConfig(process.env),
  async (config, { log, shutdown, tracing, listen }) => {
    const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, storeChecks } = config;
    const connect = async (name: string) => {
      const connected = connectStores({ homeUrl, urlsByRegion, name, log });
      shutdown.onClose("redis", () => connected.close());
      const needed = { stores: connected, topology, regions: topology.regions, needsHome: true, rights: RANKER_RIGHTS };
      const { of } = await awaitFitStores({ ...needed, ...storeChecks, log });
      return { ...connected, of };
    };
    const stores = await connect("ranker");
    const writers = config.isReplicated ? await connect("ranker-writes") : stores;
    if (config.isReplicated) for (const redis of writers.all) await warnWithoutReplica(redis, log);

    const splits = watchSplits({ topology, stores, log });
    shutdown.onClose("split watch", () => splits.close());
    const revocations = watchRevocations({ read: revokedReader(stores.home), log });
    shutdown.onClose("revoked tokens", () => revocations.close());
    await revocations.firstRead;
    const archives = config.archives && openArchiveDatabases(config.archives);
    if (archives !== undefined) shutdown.onClose("postgres", () => archives.close());
    const isStopping = () => shutdown.isStopping;
    const { app, answerLinked, live, metrics } = await buildRanker(config, {
      log,
      stores,
      writers,
      archives,
      tracing,
      revocations,
      splits,
      isStopping,
    });
    const used = { ...stores, all: [...new Set([...stores.all, ...writers.all])] };
    measureStores(metrics, used);
    if (tracing !== undefined) traceScripts(tracing, used);
    if (!config.passwordsRequired) {
      log.warn("passwords are optional: anyone who knows a player's name may log in as that player");
    }
    listen(app.fetch, { answerLinked, metrics });
    // Streams end first: they would hold the server open, and their viewers reconnect to another
    // ranker.
    shutdown.onClose("live streams", () => live.close());
  },
);
