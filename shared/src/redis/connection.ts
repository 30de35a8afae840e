import { Redis as Connection, type RedisOptions, ReplyError } from "ioredis";
import { backoffMs } from "../base/backoff.ts";
import type { Log } from "../log/log.ts";
import { gatherWrites } from "./gather-writes.ts";
import { trackRun } from "./run.ts";

/** A connection to one server. */
export type { Connection };

export interface ConnectOptions {
  /** One server, or several comma-separated nodes of a cluster. */
  url: string;
  /** Names the connection in `CLIENT LIST` and in the log. */
  name: string;
  log: Log;
  /** A command without a reply fails after this long. */
  commandTimeoutMs?: number | undefined;
}

const CONNECT_TIMEOUT_MS = 500;
const COMMAND_TIMEOUT_MS = 400;
// The least: longer than a command may take, so that a slow script does not cost the connection. It alone ends a half-open one.
const SOCKET_TIMEOUT_MS = 800;
const RECONNECT_DELAY_MS = { min: 50, max: 500 };

/** Milliseconds until the next try to connect; for ever. */
export const reconnectDelayMs = (attempt: number) => backoffMs(attempt, RECONNECT_DELAY_MS);

/**
 * What every connection here has in common: it fails fast. No queue while disconnected, no re-send of a command whose
 * reply was lost (it may have been applied), bounded waits everywhere.
 */
export const failFast = ({ name, commandTimeoutMs = COMMAND_TIMEOUT_MS }: ConnectOptions) =>
  ({
    connectionName: name,
    replyMapping: "legacy",
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    socketTimeout: Math.max(SOCKET_TIMEOUT_MS, 2 * commandTimeoutMs),
  }) satisfies RedisOptions;

/** A connection to one server; it reconnects for ever by itself. */
export function connectServer(options: ConnectOptions): Connection {
  const { url, name, log } = options;
  const redis = new Connection(url, { ...failFast(options), retryStrategy: reconnectDelayMs });
  gatherWrites(redis);
  trackRun(redis, name, log);
  const warn = warnOnce(log, name);
  redis.on("error", warn);
  redis.on("ready", () => {
    log.info({ redis: name }, "redis ready");
    warn.forget();
  });
  return redis;
}

const TOLD_MAX = 100;

/** Logs errors of connections, each once until it is told to forget: a server that is away fails many times a second. */
export function warnOnce(log: Log, name: string) {
  const told = new Set<string>();
  const warn = ({ message }: Error) => {
    if (told.has(message)) return;
    if (told.size === TOLD_MAX) told.clear();
    told.add(message);
    log.warn({ redis: name, err: message }, "redis connection failed");
  };
  return Object.assign(warn, { forget: () => told.clear() });
}

/** `host:port`, as the nodes of a cluster name one another. */
export const addressOf = ({ options }: Connection) => `${options.host}:${options.port}`;

/** The error that a server answered to a part of a script, which went on. */
export const refusedByRedis = (message: string): Error => new ReplyError(message);

/** True for an error that the server answered, as opposed to one of the connection. */
export const isReply = (error: unknown): error is Error => error instanceof ReplyError;
