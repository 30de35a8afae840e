import type { Cluster } from "ioredis";
import { Problem } from "../api/problems.ts";
import {
  connectCluster,
  isWholeClusterReady,
  NODE_READY,
  NotSent,
  ownerOf,
  primariesOf as primariesOfCluster,
  sendToOwner,
} from "./cluster.ts";
import { type Connection, type ConnectOptions, connectServer, isReply } from "./connection.ts";
import { parseRedisNodes } from "./nodes.ts";
import type { Confirm } from "./replica-wait.ts";
import { runOf } from "./run.ts";

/** Where data lives: one server, or a cluster of them. No command may touch two slots. */
export type Redis = Connection | Cluster;

/** A client of one server, or of a cluster where the URL names several nodes; fails fast, and heals by itself. */
export function connectRedis(options: ConnectOptions): Redis {
  const nodes = parseRedisNodes(options.url);
  return nodes.addresses.length === 1 ? connectServer(options) : connectCluster(nodes, options);
}

/** Where a client was told to find its server or the first nodes of its cluster, for people; without credentials. */
export const addressesOf = (url: string) => parseRedisNodes(url).addresses.join(",");

const isCluster = (redis: Redis): redis is Cluster => redis.isCluster;

/** Connections to all servers that are written to. */
export const primariesOf = (redis: Redis): Connection[] => (isCluster(redis) ? primariesOfCluster(redis) : [redis]);

/** Calls `listener` whenever the server, or a node of the cluster, is connected again. */
export function onStoreReady(redis: Redis, listener: () => void): void {
  redis.on(isCluster(redis) ? NODE_READY : "ready", listener);
}

/** The run of the server that a key lives on, as `run.ts` has it; nothing while that is not known. */
export function runAt(redis: Redis, key: string): string | undefined {
  try {
    return runOf(isCluster(redis) ? ownerOf(redis, key) : redis);
  } catch (error) {
    if (error instanceof NotSent) return undefined;
    throw error;
  }
}

const isReady = (redis: Redis) => (isCluster(redis) ? isWholeClusterReady(redis) : redis.status === "ready");

/**
 * Waits until every server that is written to is connected.
 *
 * @throws Error when that is not so within `timeoutMs`
 */
export async function awaitReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (isReady(redis)) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)), timeoutMs);
  const look = () => {
    if (isReady(redis)) resolve();
  };
  const events = ["ready", NODE_READY];
  for (const event of events) redis.on(event, look);
  if (redis.status === "wait") redis.connect().catch(() => {}); // the error event has told; it goes on trying
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    for (const event of events) redis.off(event, look);
  }
}

// Replies of a server that is up but cannot serve now; everything else it refuses is a fault of ours.
const TRANSIENT_REPLY = /^(OOM|MISCONF|READONLY|LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|MOVED|ASK)\b/;
// Of a script with other keys, one of which has moved before its slot has. Those that a client waits for only read.
const KEY_HAS_MOVED = /^ERR Script attempted to access a non local key in a cluster node/;
// ioredis rejects with this before a byte has left, or follows with it a reply that nothing was done. Anything else, "max
// retries per request" and "Connection is closed" among it, may be said of a command that arrived and whose reply was
// lost.
const NEVER_RUN = /enableOfflineQueue|^Too many Cluster redirections\. Last error: ReplyError: /;

/**
 * What a failed Redis call means to a client: `unavailable` when nothing was changed, `outcome_unknown` when a write
 * may have been applied although its reply was lost, `internal` when Redis refused the call itself.
 */
export function toRedisProblem(error: unknown, kind: "read" | "write"): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  const isNeverRun = error instanceof NotSent || NEVER_RUN.test(message);
  if (isReply(error) && !TRANSIENT_REPLY.test(message) && !KEY_HAS_MOVED.test(message)) {
    return new Problem("internal", "Something failed on our side. Name the request id when you report it.", {
      cause: error,
    });
  }
  if (kind === "read" || isReply(error) || isNeverRun) {
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
  /**
   * Whether it touches keys that it is not given, of the same slot. While the slot moves Redis cannot see for such a
   * script that all of them are where it runs: it is refused then, not run on a node where keys seem to be missing.
   */
  hasOtherKeys?: boolean;
  /**
   * Whether it writes only behind its fence: its first argument is then the run of the server that it is sent to, before
   * those of the caller.
   */
  isFenced?: boolean;
  /** Results that acknowledge nothing, and so need no confirming. */
  isRefusal?: (result: R) => boolean;
}

/**
 * A Lua script, ready to run against the keys it was written for, which share a slot. With `confirm`, its result comes
 * once that is satisfied.
 */
export type Script<R> = (
  redis: Redis,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
  confirm?: Confirm,
) => Promise<R>;

/** Told after every call of a script, whether it succeeded or failed. Must not throw. */
export type ScriptObserver = (script: string, seconds: number) => void;

const observers = new WeakMap<Redis, ScriptObserver[]>();

/** Tells `observer` of every script that is run over this connection from now on. */
export function observeScripts(redis: Redis, observer: ScriptObserver): void {
  observers.set(redis, [...(observers.get(redis) ?? []), observer]);
}

/** Runs by digest; sends the source only when this server does not know it yet (`NOSCRIPT`). */
export function defineScript<R>(definition: ScriptDefinition<R>): Script<R> {
  const { name, source, parse, hasOtherKeys = false, isFenced = false, isRefusal = () => false } = definition;
  const sha1 = new Bun.CryptoHasher("sha1").update(source).digest("hex");
  return async (redis, keys, args, confirm) => {
    const startedAt = performance.now();
    const run = (command: "evalsha" | "eval", script: string) => {
      const send = async (server: Connection) => {
        const confirmed = confirm?.(server);
        const all = isFenced ? [runOf(server) ?? "", ...args] : args;
        const result = parse(await server[command](script, keys.length, ...keys, ...all));
        if (!isRefusal(result)) await confirmed?.();
        return result;
      };
      return isCluster(redis) ? sendToOwner(redis, keys[0] ?? "", send, { followsAsk: !hasOtherKeys }) : send(redis);
    };
    try {
      return await run("evalsha", sha1);
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await run("eval", source);
    } finally {
      for (const observe of observers.get(redis) ?? []) observe(name, (performance.now() - startedAt) / 1000);
    }
  };
}
