/** A Redis Cluster of six servers. */

import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createLog } from "shared/log/log";
import { type Connection, connectServer } from "shared/redis/connection";
import { awaitReady } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { type RedisOptions, toArguments } from "stack/redis";

/** Three primaries, then three replicas: each replicates the node three places before it. */
export interface RedisCluster<Node> {
  nodes: readonly Node[];
  /** Names all nodes, as `REDIS_URL` does. */
  url: string;
}

const PRIMARIES = 3;
// Each primary's first slot, so that GLOBAL and ASIA, NA and the accounts, and EU are on three
// primaries.
const FIRST_SLOTS = [0, 13_000, 14_400];
const SLOTS = 16_384;
/** A replica takes over from a primary that has been silent for this time. */
export const NODE_TIMEOUT_MS = 1_000;
const READY_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * Starts six servers on free loopback ports and makes a cluster of them. That takes two seconds,
 * because a Redis server accepts the state of the others only after a fixed delay.
 *
 * @param dir holds a folder for each server
 * @param launch starts one server
 */
export async function startCluster<Node extends { port: number }>(
  dir: string,
  launch: (options: RedisOptions) => Promise<Node>,
): Promise<RedisCluster<Node>> {
  const ports: number[] = [];
  while (ports.length < 4 * PRIMARIES) ports.push(await freePort());
  const [clientPorts, busPorts] = [ports.slice(0, 2 * PRIMARIES), ports.slice(2 * PRIMARIES)];
  const nodes = await Promise.all(
    clientPorts.map((port, index) =>
      launch({
        port,
        dir: join(dir, `node-${index}`),
        args: toArguments({
          "cluster-enabled": "yes",
          "cluster-node-timeout": NODE_TIMEOUT_MS,
          "cluster-port": busPorts[index] ?? 0,
          "cluster-require-full-coverage": "no",
          "cluster-allow-replica-migration": "no",
          "repl-diskless-sync-delay": 0,
        }),
      }),
    ),
  );
  const log = createLog("test", "silent");
  const servers = clientPorts.map((port) =>
    connectServer({ url: `redis://127.0.0.1:${port}`, name: "maker", log, commandTimeoutMs: READY_TIMEOUT_MS }),
  );
  await Promise.all(servers.map((server) => awaitReady(server, READY_TIMEOUT_MS)));
  await formCluster(servers, clientPorts, busPorts);
  for (const server of servers) server.disconnect();
  return { nodes, url: `redis://${clientPorts.map((port) => `127.0.0.1:${port}`).join(",")}` };
}

/** Assigns slots and roles, and resolves when every server knows all of them. */
async function formCluster(servers: readonly Connection[], ports: readonly number[], busPorts: readonly number[]) {
  const primaries = servers.slice(0, PRIMARIES);
  for (const [index, server] of primaries.entries()) {
    await server.cluster("ADDSLOTSRANGE", FIRST_SLOTS[index] ?? 0, (FIRST_SLOTS[index + 1] ?? SLOTS) - 1);
  }
  for (const [index, server] of servers.entries()) {
    await server.cluster("SET-CONFIG-EPOCH", index + 1);
    // Each server meets each other one: gossip would take seconds.
    for (let other = 0; other < index; other++) {
      await server.call("CLUSTER", "MEET", "127.0.0.1", ports[other] ?? 0, busPorts[other] ?? 0);
    }
  }
  const everywhere = (isDone: (server: Connection, index: number) => Promise<boolean>) =>
    Promise.all(
      servers.map(async (server, index) => {
        while (!(await isDone(server, index).catch(() => false))) await delay(POLL_MS);
      }),
    );
  const clusterNodes = async (server: Connection) =>
    String(await server.cluster("NODES"))
      .trim()
      .split("\n");
  await everywhere(async (server) => {
    const lines = await clusterNodes(server);
    return lines.length === servers.length && lines.every((line) => !line.includes("handshake"));
  });
  const ids = await Promise.all(primaries.map(async (server) => String(await server.cluster("MYID"))));
  await Promise.all(servers.slice(PRIMARIES).map((server, index) => server.cluster("REPLICATE", ids[index] ?? "")));
  await everywhere(async (server, index) => {
    const isInSync = index < PRIMARIES || (await server.info("replication")).includes("master_link_status:up");
    const replicas = (await clusterNodes(server)).filter((line) => line.includes("slave"));
    const state = String(await server.cluster("INFO"));
    return isInSync && replicas.length === PRIMARIES && state.includes("cluster_state:ok");
  });
}
