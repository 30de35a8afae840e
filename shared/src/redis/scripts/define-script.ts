import { sendToOwner } from "../cluster.ts";
import { type Connection, isReply } from "../connection.ts";
import { isCluster, type Redis } from "../redis.ts";
import { type CallKind, toRedisProblem } from "../redis-problem.ts";
import type { Confirm } from "../replica-wait.ts";
import { runOf } from "../run.ts";
import { composeSource, type ScriptText } from "./compose-source.ts";

export interface ScriptDefinition<R> extends ScriptText {
  /** Names the script to people: the name of its file. */
  name: string;
  /** Makes the typed result of the raw reply. */
  parse: (reply: unknown) => R;
  /**
   * Makes a failed call throw the Problem that a client is told. Without it the call throws what
   * Redis did, for callers that no client waits for.
   */
  failsAs?: CallKind;
  /**
   * Whether the script touches keys of the slot that it is not given. While the slot moves, Redis
   * cannot see whether those are where the script runs: it is refused then, and not sent to a node
   * where keys seem to be missing.
   */
  hasOtherKeys?: boolean;
  /** Results that acknowledge nothing, and so need no confirmation by a replica. */
  isRefusal?: (result: R) => boolean;
}

/** A Lua script. Its keys share a slot. With `confirm`, the result comes once that is satisfied. */
export interface Script<R> {
  (redis: Redis, keys: readonly string[], args: readonly (string | number | Buffer)[], confirm?: Confirm): Promise<R>;
  /** What Redis runs: the file with its parts and its header. */
  readonly source: string;
}

/** Called after every call of a script, whether it succeeded or failed. Must not throw. */
export type ScriptObserver = (script: string, seconds: number) => void;

const observers = new WeakMap<Redis, ScriptObserver[]>();

/** Calls `observer` for every script that runs over this connection from now on. */
export function observeScripts(redis: Redis, observer: ScriptObserver): void {
  observers.set(redis, [...(observers.get(redis) ?? []), observer]);
}

/** Runs by digest, and sends the source only to a server that does not know it (`NOSCRIPT`). */
export function defineScript<R>(definition: ScriptDefinition<R>): Script<R> {
  const { name, parse, failsAs, isFenced = false, hasOtherKeys = false, isRefusal = () => false } = definition;
  const source = composeSource(definition);
  const sha1 = new Bun.CryptoHasher("sha1").update(source).digest("hex");
  const run: (...call: Parameters<Script<R>>) => Promise<R> = async (redis, keys, args, confirm) => {
    const startedAt = performance.now();
    const runAs = (command: "evalsha" | "eval", script: string) => {
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
      return await runAs("evalsha", sha1).catch((error: unknown) => {
        if (isReply(error) && error.message.startsWith("NOSCRIPT")) return runAs("eval", source);
        throw error;
      });
    } catch (error) {
      throw failsAs === undefined ? error : toRedisProblem(error, failsAs);
    } finally {
      for (const observe of observers.get(redis) ?? []) observe(name, (performance.now() - startedAt) / 1000);
    }
  };
  return Object.assign(run, { source });
}
