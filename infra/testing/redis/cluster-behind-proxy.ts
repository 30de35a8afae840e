/** A Redis Cluster whose connections a test can break. */

import type { Connection } from "shared/redis/connection";
import { freePort } from "stack/free-port";
import { toArguments } from "stack/redis";
import { scratchRedis } from "../scratch.ts";
import { openTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { connectToServer } from "./connect.ts";

/** A cluster of one node, which announces the address of the proxy as its own. */
export interface ClusterBehindProxy {
  /** Names the node twice: two addresses mean a cluster. */
  url: string;
  proxy: TcpProxy;
  /** A connection past the proxy. */
  direct: Connection;
  close(): Promise<void>;
}

export async function startClusterBehindProxy(): Promise<ClusterBehindProxy> {
  const settings = toArguments({
    "cluster-enabled": "yes",
    "cluster-announce-ip": "127.0.0.1",
    // Redis' own choice, 10,000 above its port, is among the ports of outgoing connections.
    "cluster-port": await freePort(),
  });
  const server = await scratchRedis(settings);
  const proxy = await openTcpProxy(server.port);
  const direct = await connectToServer(server.url);
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
