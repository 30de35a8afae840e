import { mkdir } from "node:fs/promises";
import { type Engine, launch } from "./engine.ts";

export interface RedisServer extends Engine {
  readonly url: string;
}

export interface RedisOptions {
  port: number;
  /** Folder of the append-only file, made where it is missing. */
  dir: string;
  /** Further `redis-server` arguments, such as `["--maxmemory", "10mb"]`. */
  args?: string[];
  /** Variables beside those of this process. */
  env?: Record<string, string>;
  onLine?: (line: string) => void;
  /** The program; `redis-server` of the `PATH` unless given. */
  command?: string;
}

const SETTINGS = {
  save: "",
  appendonly: "yes",
  appendfsync: "always",
  "maxmemory-policy": "noeviction",
  "hash-max-listpack-value": 128,
};

/** Settings as arguments of `redis-server`: `--appendonly yes`. */
export const toArguments = (settings: Record<string, string | number>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);

/**
 * Starts a real `redis-server` on 127.0.0.1 with the settings for production: an append-only file
 * that is synced before a write is acknowledged, no snapshots, no eviction, accounts in the compact
 * encoding.
 */
export async function startRedis({
  port,
  dir,
  args = [],
  env = {},
  onLine,
  command = "redis-server",
}: RedisOptions): Promise<RedisServer> {
  await mkdir(dir, { recursive: true, mode: 0o700 }); // it holds hashes of passwords
  const engine = await launch({
    command,
    args: [...toArguments({ port, bind: "127.0.0.1", dir, ...SETTINGS }), ...args],
    port,
    readyWhen: /Ready to accept connections/,
    stopSignal: "SIGTERM",
    spawn: { env: { ...process.env, ...env } },
    onLine,
  });
  return { ...engine, url: `redis://127.0.0.1:${port}` };
}
