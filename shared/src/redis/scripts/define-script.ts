import { sendToOwner } from "../cluster.ts";
import type { Connection } from "../connection.ts";
import { isCluster, type Redis } from "../redis.ts";
import { type CallKind, toRedisProblem } from "../redis-problem.ts";
import type { Confirm } from "../replica-wait.ts";
import { isReply } from "../reply-error.ts";
import { runOf } from "../run.ts";

/** Lua functions that several scripts use, and the parts that these use in turn. */
export interface ScriptPart {
  source: string;
  uses?: readonly ScriptPart[];
}

/** What a script's text is made of. */
export interface ScriptText {
  /** The file of the script. Its first line tells Redis what the script may do. */
  source: string;
  /** Parts that the file uses without having them. */
  parts?: readonly ScriptPart[];
  /** Names for its keys and arguments. */
  layout?: Pick<Layout<never, never, never>, "toHeader">;
  /**
   * Whether the script writes behind its fence. Its first argument, `run` in Lua, is then the run
   * of the server that the call is sent to, in front of those of the caller.
   */
  isFenced?: boolean;
}

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
   * Whether the script touches keys of the slot that are not among its `KEYS`. While the slot
   * moves, Redis cannot tell where those keys are. The call is then refused, instead of sent to a
   * node where they seem to be missing.
   */
  hasOtherKeys?: boolean;
  /** Results that acknowledge nothing, and so need no confirmation by a replica. */
  isRefusal?: (result: R) => boolean;
}

/** A Lua script. Its keys share a slot. With `confirm`, the result comes once that is satisfied. */
export interface Script<R> {
  (redis: Redis, keys: readonly string[], args: readonly ScriptArg[], confirm?: Confirm): Promise<R>;
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

/**
 * Joins the Lua source from parts, header and file. Each part stands once, after the parts that it
 * uses.
 */
export function composeSource({ source, parts = [], layout, isFenced = false }: ScriptText): string {
  const firstLineEnd = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0;
  const header = layout?.toHeader(isFenced ? 1 : 0) ?? "";
  const run = isFenced && layout !== undefined ? "local run = ARGV[1]\n" : "";
  const above = [...inOrder(parts)].map((part) => part.source).join("");
  return source.slice(0, firstLineEnd) + above + run + header + source.slice(firstLineEnd);
}

function inOrder(parts: readonly ScriptPart[], ordered = new Set<ScriptPart>()): ReadonlySet<ScriptPart> {
  for (const part of parts) {
    inOrder(part.uses ?? [], ordered);
    ordered.add(part);
  }
  return ordered;
}

/** An argument as it is sent. */
export type ScriptArg = string | number | Buffer;

/** How Lua sees an argument: as text, a number, or a boolean that travels as `1` or `0`. */
export type ArgKind = "text" | "bytes" | "number" | "flag";
type ArgKinds = Readonly<Record<string, ArgKind>>;
type ArgOf = { text: string | number; bytes: Buffer; number: number; flag: boolean };
type ArgValues<A extends ArgKinds> = { readonly [Name in keyof A]: ArgOf[A[Name]] };

/** The names of a script's keys and arguments, in their order. */
interface LayoutNames<K extends string, A extends ArgKinds, I extends ArgKinds> {
  keys: readonly K[];
  args?: A;
  /** Arguments that follow the others, once for each item of a list. */
  item?: I;
}

/** Makes a script's keys and arguments, and the Lua header that names them in `snake_case`. */
export interface Layout<K extends string, A extends ArgKinds, I extends ArgKinds> {
  toKeys(values: Readonly<Record<K, string>>): string[];
  toArgs(values: ArgValues<A>): ScriptArg[];
  toItem(values: ArgValues<I>): ScriptArg[];
  /** @param argsBefore arguments in front that the caller of the script does not pass */
  toHeader(argsBefore: number): string;
}

/**
 * Names a script's keys and arguments once, for TypeScript and for Lua. The Lua header declares a
 * local for each name, `FIRST_KEY` and `FIRST_ARG` (the first index without a name), and, for
 * items, `ITEM_ARGS` (arguments of an item), a local for each of its names, and `take_item(place)`,
 * which sets these to the item whose arguments begin at `place`.
 */
export function defineLayout<
  const K extends string,
  const A extends ArgKinds = Record<never, ArgKind>,
  const I extends ArgKinds = Record<never, ArgKind>,
>({ keys, args, item }: LayoutNames<K, A, I>): Layout<K, A, I> {
  const argNames: (keyof A)[] = Object.keys(args ?? {});
  const itemNames: (keyof I)[] = Object.keys(item ?? {});
  return {
    toKeys: (values) => keys.map((name) => values[name]),
    toArgs: (values) => argNames.map((name) => toWire(values[name])),
    toItem: (values) => itemNames.map((name) => toWire(values[name])),
    toHeader(argsBefore) {
      const firstArg = argsBefore + 1;
      const kinds = Object.entries<ArgKind>(args ?? {});
      return [
        keys.map((name, i) => `local ${toSnakeCase(name)} = KEYS[${i + 1}]`).join("\n"),
        kinds.map(([name, kind], i) => `local ${toSnakeCase(name)} = ${toLua(kind, `${firstArg + i}`)}`).join("\n"),
        `local FIRST_KEY, FIRST_ARG = ${keys.length + 1}, ${firstArg + kinds.length}`,
        item === undefined ? "" : toItemHeader(Object.entries(item)),
        "",
      ].join("\n");
    },
  };
}

const toWire = (value: ScriptArg | boolean): ScriptArg => (typeof value === "boolean" ? Number(value) : value);

const toSnakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toLua(kind: ArgKind, place: string): string {
  if (kind === "number") return `tonumber(ARGV[${place}])`;
  return kind === "flag" ? `ARGV[${place}] == '1'` : `ARGV[${place}]`;
}

function toItemHeader(item: readonly (readonly [name: string, kind: ArgKind])[]): string {
  const names = item.map(([name]) => toSnakeCase(name)).join(", ");
  const values = item.map(([, kind], i) => toLua(kind, `place + ${i}`)).join(", ");
  return `local ITEM_ARGS, ${names} = ${item.length}\nlocal function take_item(place) ${names} = ${values} end`;
}
