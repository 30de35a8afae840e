import slotOf from "cluster-key-slot";
import { Cluster, type RedisOptions } from "ioredis";
import { REDIS_COMMAND_MS } from "../base/deadlines.ts";
import {
  addressOf,
  type Connection,
  type ConnectOptions,
  failFast,
  passRefusedReadyCheck,
  reconnectDelayMs,
  warnOnce,
} from "./connection.ts";
import { gatherWrites } from "./gather-writes.ts";
import type { RedisNodes } from "./nodes.ts";
import { isReply } from "./reply-error.ts";
import { trackRun } from "./run.ts";

/** The command was not sent: its node is not connected. */
export class NotSent extends Error {
  constructor(address: string | undefined) {
    super(`The node ${address ?? "of this slot"} is not connected.`);
    this.name = "NotSent";
  }
}

const SLOTS_REFRESH_INTERVAL_MS = 5_000;
// The delay between a lost node or a redirection and the next look at the slots: a failover is
// noticed this late.
const SLOTS_REFRESH_DELAY_MS = 100;
const REDIRECTIONS_MAX = 4;

/**
 * Connects to a whole cluster. Like a single connection it fails fast: the defaults of ioredis
 * would queue commands, and repeat those that a closed connection may have delivered. It reconnects
 * to a lost node, or to its successor, for as long as the process lives; when all are lost it looks
 * up the configured nodes again.
 */
export function connectCluster(nodes: RedisNodes, options: ConnectOptions): Cluster {
  const { name, log } = options;
  const cluster = new Cluster(nodes.addresses.map(toNode), {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false, // it asks nodes that are not connected yet and starts over; CLUSTERDOWN says the same
    maxRedirections: REDIRECTIONS_MAX,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 50,
    slotsRefreshTimeout: REDIS_COMMAND_MS,
    slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
    clusterRetryStrategy: reconnectDelayMs,
    redisOptions: { ...failFast(options), ...loginOf(nodes) },
  });
  const warn = warnOnce(log, name, nodes);
  cluster.on("error", warn);
  cluster.on("node error", warn);
  cluster.on("ready", () => log.info({ redis: name }, "redis ready"));
  // By default a node is connected by its first command, and refuses further ones until then.
  cluster.on("+node", (node: Connection) => {
    gatherWrites(node);
    trackRun(node, name, log);
    passRefusedReadyCheck(node);
    node.once("ready", () => {
      warn.forget();
      cluster.emit(NODE_READY);
    });
    node.connect().catch(() => {}); // logged by "node error"
  });
  cluster.on("-node", () => refreshSoon(cluster));
  return cluster;
}

function loginOf({ username, password, isTls, tls }: RedisNodes): Pick<RedisOptions, "username" | "password" | "tls"> {
  const login: ReturnType<typeof loginOf> = {};
  if (username !== undefined) login.username = username;
  if (password !== undefined) login.password = password;
  if (isTls) login.tls = tls ?? {};
  return login;
}

/** The event of a cluster that one of its nodes has become usable. */
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
 * Sends one command to the node that owns the key's slot, and follows its redirections. A node that
 * redirects has done nothing, so this is the only case in which a command is sent twice.
 *
 * @param followsAsk whether to follow to a node that the slot is still moving to
 * @param send must send before it waits for anything: `ASKING` holds for the next command on the
 *   connection
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
      if (kind === "ASK") void node.asking().catch(() => {}); // the command behind it fails as well
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

/** The connection to the server that owns the key's slot. @throws NotSent */
export const ownerOf = (cluster: Cluster, key: string): Connection =>
  connectedNode(cluster, cluster.slots[slotOf(key)]?.[0]);

/** The connections to the servers that own slots, usable or not. */
export const primariesOf = (cluster: Cluster): Connection[] => cluster.nodes("master");

/** Whether every slot's owner is connected. */
export function isWholeClusterReady(cluster: Cluster): boolean {
  if (cluster.status !== "ready") return false;
  const owners = new Set(cluster.slots.map((addresses) => addresses[0]));
  const ready = cluster.nodes().filter(({ status }) => status === "ready");
  return owners.isSubsetOf(new Set(ready.map(addressOf)));
}
