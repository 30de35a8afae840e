import { createApp } from "../../gateway/src/app.ts";
import { toBlockList } from "../../gateway/src/config.ts";
import { measureGateway } from "../../gateway/src/metrics.ts";
import { createPool } from "../../gateway/src/upstreams.ts";
import { type Built, startUnderTest, type UnderTest } from "../../ranker/src/ranker-under-test.ts";
import { createLog } from "../../shared/src/log.ts";
import { createMetrics } from "../../shared/src/metrics.ts";
import { createLimiter, type Limit } from "../../shared/src/rate-limit.ts";

/** A gateway before a ranker over a real Redis, both on ports of their own. */
export interface PathUnderTest extends UnderTest {
  ranker: Built;
  ports: { gateway: number; ranker: number };
  /** Asks the gateway without a socket. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

const PLENTY: Limit = { perSecond: 1e6, burst: 1e6 };

export async function startPath(): Promise<PathUnderTest> {
  const under = await startUnderTest();
  const ranker = await under.build({ passwordsRequired: true });
  const listening = { port: 0, hostname: "127.0.0.1" };
  const rankerServer = Bun.serve({ ...listening, fetch: (request) => ranker.app.fetch(request) });
  const pool = createPool([`http://127.0.0.1:${rankerServer.port}`]);
  for (const upstream of pool.upstreams) upstream.isUp = true;
  const metrics = createMetrics("gateway");
  const gateway = createApp({
    ...{ topology: ranker.topology, tokens: ranker.tokens, pool, metrics, measured: measureGateway(metrics, pool) },
    stores: { home: under.redis, of: () => under.redis },
    limiter: createLimiter(),
    limits: { user: PLENTY, region: PLENTY, address: PLENTY, operator: PLENTY },
    trustedProxies: toBlockList([]),
    isStopping: () => false,
    log: createLog("test", "silent"),
  });
  const peer = { peer: "203.0.113.9" };
  const gatewayServer = Bun.serve({ ...listening, fetch: (request) => gateway.fetch(request, peer) });
  const portOf = ({ port }: { port?: number | undefined }) => port ?? 0;
  return {
    ...under,
    ranker,
    ports: { gateway: portOf(gatewayServer), ranker: portOf(rankerServer) },
    ask: (path, init) => Promise.resolve(gateway.request(path, init, peer)),
    async close() {
      await gatewayServer.stop(true);
      await rankerServer.stop(true);
      await under.close();
    },
  };
}
