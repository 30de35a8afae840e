/** Connections of a test itself, which log nothing. */

import { createLog } from "shared/log/log";
import { type Connection, connectServer } from "shared/redis/connection";
import { awaitReady, connectRedis, type Redis } from "shared/redis/redis";

const READY_TIMEOUT_MS = 5_000;
const log = createLog("test", "silent");

/** Connects to a Redis or a cluster. @throws Error where it does not answer within five seconds */
export async function connectTo(url: string): Promise<Redis> {
  const redis = connectRedis({ url, name: "test", log });
  await awaitReady(redis, READY_TIMEOUT_MS);
  return redis;
}

/**
 * Connects to one server, also of a cluster.
 *
 * @throws Error where it does not answer within five seconds
 */
export async function connectToServer(url: string): Promise<Connection> {
  const server = connectServer({ url, name: "test", log });
  await awaitReady(server, READY_TIMEOUT_MS);
  return server;
}
