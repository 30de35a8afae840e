import slotOf from "cluster-key-slot";
import { Cluster } from "ioredis";
import { REDIS_COMMAND_MS } from "../base/deadlines.ts";
import {
  addressOf,
  type Connection,
  type ConnectOptions,
  failFast,
  isReply,
  reconnectDelayMs,
  warnOnce,
} from "./connection.ts";
import { gatherWrites } from "./gather-writes.ts";
import type { RedisNodes } from "./nodes.ts";
import { trackRun } from "./run.ts";

/** The command never left: the node it was for is not connected at the moment. */
export class NotSent extends Error {
  constructor(address: string | undefined) {
    super(`The node ${address ?? "of this slot"} is not connected.`);
    this.name = "NotSent";
  }
}

const SLOTS_REFRESH_INTERVAL_MS = 5_000;
// How soon the nodes are asked again who owns what, after one was lost or has sent us elsewhere; a failover is noticed
// this late.
const SLOTS_REFRESH_DELAY_MS = 100;
const REDIRECTIONS_MAX = 4;

/**
 * A client of a whole cluster, as quick to fail as a single connection: by default it would queue, and send again what
 * a closed connection may have delivered. A lost node is connected again, or its successor is, for as long as the
 * process lives; when all are lost, the nodes that were named are looked up anew.
 */
export function connectCluster({ addresses, username, password, isTls }: RedisNodes, options: ConnectOptions): Cluster {
  const { name, log } = options;
  const cluster = new Cluster(addresses.map(toNode), {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false, // it asks a node that is not connected yet, and begins anew; CLUSTERDOWN tells as much
    maxRedirections: REDIRECTIONS_MAX,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 50,
    slotsRefreshTimeout: REDIS_COMMAND_MS,
    slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
    clusterRetryStrategy: reconnectDelayMs,
    redisOptions: {
      ...failFast(options),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(isTls ? { tls: {} } : {}),
    },
  });
  const warn = warnOnce(log, name);
  cluster.on("error", warn);
  cluster.on("node error", warn);
  cluster.on("ready", () => log.info({ redis: name }, "redis ready"));
  // A node would otherwise be connected by its first command, and refuse those that come meanwhile.
  cluster.on("+node", (node: Connection) => {
    gatherWrites(node);
    trackRun(node, name, log);
    node.once("ready", () => {
      warn.forget();
      cluster.emit(NODE_READY);
    });
    node.connect().catch(() => {}); // "node error" has told
  });
  cluster.on("-node", () => refreshSoon(cluster));
  return cluster;
}

/** Emitted by a cluster when one of its nodes has become usable. */
export const NODE_READY = "node ready";

function toNode(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

const refreshing = new WeakSet<Cluster>();

function refreshSoon(cluster: Cluster): void {
  if (refreshing.has(cluster)) return;
  refreshing.add(cluster);
  setTimeout(() => {
    refreshing.delete(cluster);
    if (cluster.status === "ready") cluster.refreshSlotsCache(() => {});
  }, SLOTS_REFRESH_DELAY_MS).unref();
}

/**
 * Sends one command to the node that owns the key's slot, and on to where that node says the slot has gone. A node that
 * answers so has done nothing: this alone is ever sent twice.
 *
 * @param followsAsk whether it goes to a node that the slot is still on its way to
 * @param send must send before it waits for anything: what a node is asked for is the next command on its connection
 * @throws NotSent, or what `send` throws
 */
export async function sendToOwner<R>(
  cluster: Cluster,
  key: string,
  send: (node: Connection) => Promise<R>,
  { followsAsk }: { followsAsk: boolean },
): Promise<R> {
  let node = ownerOf(cluster, key);
  for (let redirections = 0; ; redirections++) {
    try {
      return await send(node);
    } catch (error) {
      const [, kind, address] = (isReply(error) && /^(MOVED|ASK) \d+ (\S+)$/.exec(error.message)) || [];
      if (kind === undefined || redirections === REDIRECTIONS_MAX) throw error;
      if (kind === "ASK" && !followsAsk) throw error;
      if (kind === "MOVED") refreshSoon(cluster);
      node = connectedNode(cluster, address);
      if (kind === "ASK") void node.asking().catch(() => {}); // the command after it fails as well
    }
  }
}

/** @throws NotSent */
function connectedNode(cluster: Cluster, address: string | undefined): Connection {
  const node = cluster.nodes().find((each) => addressOf(each) === address);
  if (node?.status === "ready") return node;
  refreshSoon(cluster);
  throw new NotSent(address);
}

/** The connection to the server that owns the key's slot, as far as is known. @throws NotSent */
export const ownerOf = (cluster: Cluster, key: string): Connection =>
  connectedNode(cluster, cluster.slots[slotOf(key)]?.[0]);

/** The connections to the servers that own slots; not all of them need be usable. */
export const primariesOf = (cluster: Cluster): Connection[] => cluster.nodes("master");

/** Whether every slot's owner is connected. */
export function isWholeClusterReady(cluster: Cluster): boolean {
  if (cluster.status !== "ready") return false;
  const owners = new Set(cluster.slots.map((addresses) => addresses[0]));
  const ready = cluster.nodes().filter(({ status }) => status === "ready");
  return owners.isSubsetOf(new Set(ready.map(addressOf)));
}
