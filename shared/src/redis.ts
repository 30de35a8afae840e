import { Redis, type RedisOptions, ReplyError } from "ioredis";
import type { Log } from "./log.ts";
import { Problem } from "./problems.ts";

export type { Redis } from "ioredis";

export interface ConnectOptions {
  url: string;
  /** Names the connection in `CLIENT LIST` and in the log. */
  name: string;
  log: Log;
  /** A command without a reply fails after this long. */
  commandTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 500;
const COMMAND_TIMEOUT_MS = 400;
// Longer than a command may take, so that one slow script does not cost the connection; it alone ends a half-open one.
const SOCKET_TIMEOUT_MS = 800;
const RECONNECT_DELAY_MS_MAX = 500;

/**
 * A connection that fails fast: no queue while disconnected, no re-send of a command whose reply was lost (it may have
 * been applied), bounded waits everywhere. It reconnects for ever by itself.
 */
export function connectRedis({ url, name, log, commandTimeoutMs = COMMAND_TIMEOUT_MS }: ConnectOptions): Redis {
  const options = {
    connectionName: name,
    replyMapping: "legacy",
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (attempt: number) =>
      Math.min(RECONNECT_DELAY_MS_MAX, 25 * 2 ** Math.min(attempt, 6)) * (0.5 + Math.random() / 2),
  } satisfies RedisOptions;
  const redis = new Redis(url, options);
  let lastError = "";
  redis.on("error", (error: Error) => {
    if (error.message !== lastError) log.warn({ redis: name, err: error.message }, "redis connection failed");
    lastError = error.message;
  });
  redis.on("ready", () => {
    log.info({ redis: name }, "redis ready");
    lastError = "";
  });
  return redis;
}

/**
 * Waits until the connection is ready.
 *
 * @throws Error when it is not within `timeoutMs`
 */
export async function awaitReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === "ready") return;
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)), timeoutMs);
    redis.once("ready", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  if (redis.status === "wait") redis.connect().catch(() => {}); // the error event has told; it goes on trying
  await ready;
}

/**
 * Refuses a Redis that would lose data: one that evicts keys when memory is short, or, in production, one that keeps
 * no append-only file. One that syncs its file later than it acknowledges is warned of in production.
 *
 * @throws Error that says how to mend it
 */
export async function checkDurability(redis: Redis, production: boolean, log: Log): Promise<void> {
  const setting = async (name: string) => ((await redis.config("GET", name)) as string[])[1];
  const policy = await setting("maxmemory-policy");
  if (policy !== "noeviction") {
    throw new Error(
      `Redis has maxmemory-policy ${policy} and would drop scores when memory is short: set "maxmemory-policy noeviction".`,
    );
  }
  if (!production) return;
  if ((await setting("appendonly")) !== "yes") {
    throw new Error(
      'Redis keeps no append-only file, so a crash would lose acknowledged writes: set "appendonly yes".',
    );
  }
  const appendfsync = await setting("appendfsync");
  if (appendfsync !== "always") {
    log.warn({ appendfsync }, 'a crash of Redis may lose the last acknowledged writes: set "appendfsync always"');
  }
}

// Replies of a server that is up but cannot serve now; everything else it refuses is a fault of ours.
const TRANSIENT_REPLY = /^(OOM|MISCONF|READONLY|LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN)\b/;
// ioredis rejects with this before a byte has left. Anything else, "max retries per request" among it, may be said of a
// command that arrived and whose reply was lost.
const NEVER_SENT = /enableOfflineQueue/;

/** True for an error that the server answered, as opposed to one of the connection. */
export const isReply = (error: unknown): error is Error => error instanceof ReplyError;

/**
 * What a failed Redis call means to a client: `unavailable` when nothing was changed, `outcome_unknown` when a write
 * may have been applied although its reply was lost, `internal` when Redis refused the call itself.
 */
export function toRedisProblem(error: unknown, kind: "read" | "write"): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isReply(error) && !TRANSIENT_REPLY.test(message)) {
    return new Problem("internal", "Something failed on our side. Name the request id when you report it.", {
      cause: error,
    });
  }
  if (kind === "read" || isReply(error) || NEVER_SENT.test(message)) {
    return new Problem("unavailable", "The ranking store does not answer. Nothing was changed; try again.", {
      cause: error,
    });
  }
  return new Problem(
    "outcome_unknown",
    "The ranking store did not confirm the write, which may stand. Read the score, or repeat with an Idempotency-Key.",
    { cause: error },
  );
}

export interface ScriptDefinition<R> {
  /** Names the script to people: that of its file. */
  name: string;
  /** The Lua source. */
  source: string;
  /** Makes the typed result of the raw reply. */
  parse: (reply: unknown) => R;
}

/** A Lua script, ready to run against the keys it was written for. */
export type Script<R> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
) => Promise<R>;

/** Told after every call of a script, whether it succeeded or failed. Must not throw. */
export type ScriptObserver = (script: string, seconds: number) => void;

const observers = new WeakMap<Redis, ScriptObserver[]>();

/** Tells `observer` of every script that is run over this connection from now on. */
export function observeScripts(redis: Redis, observer: ScriptObserver): void {
  observers.set(redis, [...(observers.get(redis) ?? []), observer]);
}

/** Runs by digest; sends the source only when this server does not know it yet (`NOSCRIPT`). */
export function defineScript<R>({ name, source, parse }: ScriptDefinition<R>): Script<R> {
  const sha1 = new Bun.CryptoHasher("sha1").update(source).digest("hex");
  return async (redis, keys, args) => {
    const startedAt = performance.now();
    try {
      return parse(await redis.evalsha(sha1, keys.length, ...keys, ...args));
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return parse(await redis.eval(source, keys.length, ...keys, ...args));
    } finally {
      for (const observe of observers.get(redis) ?? []) observe(name, (performance.now() - startedAt) / 1000);
    }
  };
}
