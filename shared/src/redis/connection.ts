import { Redis as Connection, type RedisOptions } from "ioredis";
import { backoffMs } from "../base/backoff.ts";
import { REDIS_COMMAND_MS, REDIS_CONNECT_MS, REDIS_SILENCE_MS } from "../base/deadlines.ts";
import type { Log } from "../log/log.ts";
import { gatherWrites } from "./gather-writes.ts";
import { parseRedisNodes } from "./nodes.ts";
import { isReply } from "./reply-error.ts";
import { trackRun } from "./run.ts";
import { TLS_PARAMETERS } from "./tls.ts";

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

const RECONNECT_DELAY_MS = { min: 50, max: 500 };

/** Milliseconds until the next try to connect. The tries never end. */
export const reconnectDelayMs = (attempt: number) => backoffMs(attempt, RECONNECT_DELAY_MS);

/**
 * The options of every connection: it fails fast. It has no queue while disconnected, never repeats
 * a command whose reply was lost (the command may have been applied), and bounds every wait.
 */
export const failFast = ({ name, commandTimeoutMs = REDIS_COMMAND_MS }: ConnectOptions) =>
  ({
    connectionName: name,
    replyMapping: "legacy",
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    connectTimeout: REDIS_CONNECT_MS,
    commandTimeout: commandTimeoutMs,
    // Nothing else ends a half-open connection. Longer than a command's time-out, so that a slow
    // script does not close the connection.
    socketTimeout: Math.max(REDIS_SILENCE_MS, 2 * commandTimeoutMs),
  }) satisfies RedisOptions;

/** A connection to one server, which reconnects by itself. */
export function connectServer(options: ConnectOptions): Connection {
  const { url, name, log } = options;
  const settings = { ...failFast(options), retryStrategy: reconnectDelayMs };
  const { isTls, tls } = parseRedisNodes(url);
  const redis = new Connection(toPlainUrl(url), isTls ? { ...settings, tls: tls ?? {} } : settings);
  gatherWrites(redis);
  trackRun(redis, name, log);
  const warn = warnOnce(log, name);
  redis.on("error", warn);
  redis.on("error", skipRefusedReadyCheck(redis));
  redis.on("ready", () => {
    log.info({ redis: name }, "redis ready");
    warn.forget();
  });
  return redis;
}

/** The URL without what `parseRedisNodes` has read: ioredis would take its own view of TLS. */
function toPlainUrl(url: string): string {
  const plain = new URL(url.trim().replace(/^rediss:/i, "redis:"));
  for (const name of TLS_PARAMETERS) plain.searchParams.delete(name);
  return plain.href;
}

// `rename-command INFO` and some managed stores; where the user may not call it, the reply is
// NOPERM, and ioredis itself goes on without its check.
const INFO_UNKNOWN = /unknown command.*\binfo\b|\binfo\b.*not (?:available|supported|allowed)/i;

/**
 * Turns off the ready check of ioredis for a server that has no `INFO`: the client would close the
 * connection and try again without end. Such a server is used from the next connect on.
 */
const skipRefusedReadyCheck = (redis: Connection) => (error: unknown) => {
  if (isReply(error) && INFO_UNKNOWN.test(error.message)) redis.options.enableReadyCheck = false;
};

const WARNINGS_MAX = 100;

/** Logs each error once until `forget`: a server that is away fails many times a second. */
export function warnOnce(log: Log, name: string) {
  const warned = new Set<string>();
  const warn = ({ message }: Error) => {
    if (warned.has(message)) return;
    if (warned.size === WARNINGS_MAX) warned.clear();
    warned.add(message);
    log.warn({ redis: name, err: message }, "redis connection failed");
  };
  return Object.assign(warn, { forget: () => warned.clear() });
}

/** `host:port`, as the nodes of a cluster call one another. */
export const addressOf = ({ options }: Connection) => `${options.host}:${options.port}`;
