import type { Revocations } from "shared/auth/tokens";
import { buildGatewayUnderTest } from "../../../gateway/test/gateway-under-test.ts";
import { type Built, startUnderTest, type UnderTest } from "../../../ranker/test/ranker-under-test.ts";

/** A gateway in front of a ranker over a real Redis, both in this process, each on a port. */
export interface PathUnderTest extends UnderTest {
  ranker: Built;
  ports: { gateway: number; ranker: number };
  /** Asks the gateway without a socket. */
  ask(path: string, init?: RequestInit): Promise<Response>;
}

export interface PathOptions {
  /**
   * False to skip password hashing, which can exceed a client's time-out on a busy machine. True
   * unless given.
   */
  passwordsRequired?: boolean;
  /** Of operators' tokens, for both services. Without it their listed tokens get 503. */
  revocations?: Revocations;
}

export async function startPath({ passwordsRequired = true, revocations }: PathOptions = {}): Promise<PathUnderTest> {
  const under = await startUnderTest();
  const ranker = await under.build({ passwordsRequired, revocations });
  const listening = { port: 0, hostname: "127.0.0.1" };
  const rankerServer = Bun.serve({ ...listening, fetch: (request) => ranker.app.fetch(request) });
  const { topology } = ranker;
  const urls = [`http://127.0.0.1:${rankerServer.port}`];
  const { app: gateway } = buildGatewayUnderTest({ urls, redis: under.redis, topology, revocations });
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
