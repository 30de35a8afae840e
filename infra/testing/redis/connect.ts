/** Connections to Redis that log nothing. */

import { createLog } from "shared/log/log";
import { type Connection, type ConnectOptions, connectServer } from "shared/redis/connection";
import { awaitReady, connectRedis, type Redis } from "shared/redis/redis";

const READY_TIMEOUT_MS = 10_000;
/** A command of a test itself. A service gives up after 400 ms, which a busy machine exceeds. */
const COMMAND_TIMEOUT_MS = 10_000;

const optionsFor = (url: string): ConnectOptions => ({
  url,
  name: "test",
  log: createLog("test", "silent"),
});

/**
 * Connects a test to a Redis or a cluster.
 *
 * @throws Error where it does not answer in ten seconds
 */
export function connectTo(url: string): Promise<Redis> {
  const options = optionsFor(url);
  return ready(connectRedis({ ...options, commandTimeoutMs: COMMAND_TIMEOUT_MS }));
}

/**
 * Connects a test to one server, also of a cluster.
 *
 * @throws Error where it does not answer in ten seconds
 */
export function connectToServer(url: string): Promise<Connection> {
  const options = optionsFor(url);
  return ready(connectServer({ ...options, commandTimeoutMs: COMMAND_TIMEOUT_MS }));
}

/**
 * Connects the code under test, with the time-outs of a service.
 *
 * @throws Error where Redis does not answer in ten seconds
 */
export const connectAsService = (url: string): Promise<Redis> => ready(connectRedis(optionsFor(url)));

async function ready<R extends Redis>(redis: R): Promise<R> {
  await awaitReady(redis, READY_TIMEOUT_MS);
  return redis;
}
