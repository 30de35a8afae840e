import { Redis as Connection, type RedisOptions } from "ioredis";
import { backoffMs } from "../base/backoff.ts";
import { REDIS_COMMAND_MS, REDIS_CONNECT_MS, REDIS_SILENCE_MS } from "../base/deadlines.ts";
import type { Log } from "../log/log.ts";
import { ClosedUnanswered, explainFault } from "./connect-fault.ts";
import { gatherWrites } from "./gather-writes.ts";
import { parseRedisNodes } from "./nodes.ts";
import { isRefusal } from "./reply-error.ts";
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
  passRefusedReadyCheck(redis);
  tellClosedUnanswered(redis);
  const warn = warnOnce(log, name, { isTls });
  redis.on("error", warn);
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

type InfoCallback = (error: Error | null, text: string) => void;

/**
 * Lets the ready check of ioredis pass where the server refuses `INFO`, as some managed stores and
 * users with few rights do. The client would close the connection and try again without end, or
 * print a line of its own among those of the log.
 */
export function passRefusedReadyCheck(redis: Connection): void {
  const info = redis.info.bind(redis) as (...sections: unknown[]) => Promise<string>;
  // The ready check alone passes a callback.
  const passing = (first?: unknown, ...rest: unknown[]) => {
    if (typeof first !== "function") return first === undefined ? info() : info(first, ...rest);
    const done = first as InfoCallback;
    return info().then(
      (text) => done(null, text),
      (error: Error) => done(isRefusal(error) ? null : error, ""),
    );
  };
  redis.info = passing as typeof redis.info;
}

/**
 * Makes an error of a connection that the server closes without a word: ioredis would only try
 * again.
 */
function tellClosedUnanswered(redis: Connection): void {
  let isUnanswered = false;
  const is = (value: boolean) => () => {
    isUnanswered = value;
  };
  redis.on("connect", is(true));
  for (const event of ["ready", "error", "end"]) redis.on(event, is(false));
  redis.on("close", () => {
    if (isUnanswered) redis.emit("error", new ClosedUnanswered());
  });
}

const WARNINGS_MAX = 100;

/**
 * Logs each error once until `forget`: a server that is away fails many times a second. What a
 * connection met that never was usable is explained.
 */
export function warnOnce(log: Log, name: string, about: { isTls: boolean }) {
  const warned = new Set<string>();
  let wasReady = false;
  const warn = (error: Error) => {
    const fault = explainFault(error, about);
    const isExplained = fault !== undefined && (fault.isFinal || !wasReady);
    const message = isExplained ? `Redis ${fault.message}` : error.message;
    if (warned.has(message)) return;
    if (warned.size === WARNINGS_MAX) warned.clear();
    warned.add(message);
    log.warn({ redis: name, err: message }, "redis connection failed");
  };
  const forget = () => {
    wasReady = true;
    warned.clear();
  };
  return Object.assign(warn, { forget });
}

/** `host:port`, as the nodes of a cluster call one another. */
export const addressOf = ({ options }: Connection) => `${options.host}:${options.port}`;
