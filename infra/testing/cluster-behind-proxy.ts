import { createLog } from "shared/log/log";
import { type Connection, connectServer } from "shared/redis/connection";
import { awaitReady } from "shared/redis/redis";
import { scratchRedis } from "./scratch.ts";
import { openTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A cluster of a single node, which says of itself that it is where the proxy is. */
export interface ClusterBehindProxy {
  /** Names the one node twice, or it would be no cluster. */
  url: string;
  proxy: TcpProxy;
  /** A connection that the proxy does not stand before. */
  direct: Connection;
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 5_000;

export async function startClusterBehindProxy(): Promise<ClusterBehindProxy> {
  const server = await scratchRedis(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
  const proxy = await openTcpProxy(server.port);
  const direct = connectServer({ url: server.url, name: "direct", log: createLog("test", "silent") });
  await awaitReady(direct, READY_TIMEOUT_MS);
  await direct.config("SET", "cluster-announce-port", proxy.port);
  await direct.cluster("ADDSLOTSRANGE", 0, 16_383);
  while (!String(await direct.cluster("INFO")).includes("cluster_state:ok"));
  return {
    url: `redis://127.0.0.1:${proxy.port},127.0.0.1:${proxy.port}`,
    proxy,
    direct,
    async close() {
      direct.disconnect();
      proxy.close();
      await server.dispose();
    },
  };
}
