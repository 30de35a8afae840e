import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "ioredis";
import {
  connectCluster,
  isWholeClusterReady,
  NODE_READY,
  NotSent,
  ownerOf,
  primariesOf as primariesOfCluster,
} from "./cluster.ts";
import { type Connection, type ConnectOptions, connectServer } from "./connection.ts";
import { toWaitError, watchFaults } from "./fault-watch.ts";
import { parseRedisNodes } from "./nodes.ts";
import { runOf } from "./run.ts";

/** Where data lives: one server, or a cluster of them. No command may touch two slots. */
export type Redis = Connection | Cluster;

/** Connects to one server, or to a cluster. The client fails fast and reconnects by itself. */
export function connectRedis(options: ConnectOptions): Redis {
  const nodes = parseRedisNodes(options.url);
  return nodes.addresses.length === 1 ? connectServer(options) : connectCluster(nodes, options);
}

/** The addresses in a URL, without credentials, for people. */
export const addressesOf = (url: string) => parseRedisNodes(url).addresses.join(",");

export const isCluster = (redis: Redis): redis is Cluster => redis.isCluster;

/** Connections to all servers that take writes. */
export const primariesOf = (redis: Redis): Connection[] => (isCluster(redis) ? primariesOfCluster(redis) : [redis]);

/** Calls `listener` whenever the server, or a node of the cluster, is connected again. */
export function onStoreReady(redis: Redis, listener: () => void): void {
  redis.on(isCluster(redis) ? NODE_READY : "ready", listener);
}

/** The run of the server that holds a key (see `run.ts`); undefined while that is not known. */
export function runAt(redis: Redis, key: string): string | undefined {
  try {
    return runOf(isCluster(redis) ? ownerOf(redis, key) : redis);
  } catch (error) {
    if (error instanceof NotSent) return undefined;
    throw error;
  }
}

/**
 * Waits until the run of a key's server is known, `timeoutMs` at most. Until then a store of which
 * the fence is open seems to be closed.
 */
export async function awaitRun(redis: Redis, key: string, timeoutMs: number): Promise<void> {
  const lateAt = performance.now() + timeoutMs;
  while (runAt(redis, key) === undefined && performance.now() < lateAt) await delay(RUN_POLL_MS);
}

const RUN_POLL_MS = 10;

const isReady = (redis: Redis) => (isCluster(redis) ? isWholeClusterReady(redis) : redis.status === "ready");

/**
 * Waits until every server that takes writes is connected.
 *
 * @param options.refusedMs gives up when one refusal, such as a wrong password, has repeated itself
 *   for so long; without it, only at the time-out
 * @throws Error when one is not within `timeoutMs`, with the last fault of the connection
 */
export async function awaitReady(
  redis: Redis,
  timeoutMs: number,
  { refusedMs = timeoutMs }: { refusedMs?: number } = {},
): Promise<void> {
  if (isReady(redis)) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = () => reject(toWaitError(faults.fault, timeoutMs));
  const faults = watchFaults(redis, () => {
    if (faults.refusedForMs() >= refusedMs) fail();
  });
  const timer = setTimeout(fail, timeoutMs);
  const look = () => {
    if (isReady(redis)) resolve();
  };
  const events = ["ready", NODE_READY];
  for (const event of events) redis.on(event, look);
  if (redis.status === "wait") redis.connect().catch(() => {}); // logged by the error event; the client goes on trying
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    faults.stop();
    for (const event of events) redis.off(event, look);
  }
}

/** The time of a server, microseconds since the epoch. @throws what Redis throws */
export async function readTime(redis: Pick<Redis, "time">): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1e6 + Number(micros);
}
