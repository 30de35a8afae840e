import type { Connection } from "../redis/connection.ts";
import { isRefusal } from "../redis/reply-error.ts";

/** Where a setting stands: by `CONFIG GET`, and in `INFO` where Redis reports it there. */
interface Source {
  config: string;
  info?: { section: string; field: string };
}

const SOURCES = {
  "maxmemory-policy": { config: "maxmemory-policy", info: { section: "memory", field: "maxmemory_policy" } },
  appendonly: { config: "appendonly", info: { section: "persistence", field: "aof_enabled" } },
  // INFO does not have it.
  appendfsync: { config: "appendfsync" },
  "cluster-enabled": { config: "cluster-enabled", info: { section: "cluster", field: "cluster_enabled" } },
} satisfies Record<string, Source>;

export type SettingName = keyof typeof SOURCES;

// INFO writes flags as digits, CONFIG as words.
const FLAGS: Partial<Record<string, string>> = { 0: "no", 1: "yes" };

/**
 * Reads a setting of a server. Managed stores refuse `CONFIG`, so `INFO` is the second source.
 *
 * @returns the value as `CONFIG GET` writes it; `undefined` where the server tells neither
 * @throws what the connection throws, and replies that pass, such as LOADING
 */
export async function readSetting(server: Connection, name: SettingName): Promise<string | undefined> {
  const { config, info }: Source = SOURCES[name];
  const value = await unlessRefused(server.config("GET", config).then(secondOf));
  if (value !== undefined || info === undefined) return value;
  const reported = await readInfo(server, info.section, info.field);
  return reported === undefined ? undefined : (FLAGS[reported] ?? reported);
}

/**
 * Reads a field of `INFO`.
 *
 * @returns `undefined` where the server refuses the command or does not have the field
 */
export async function readInfo(server: Connection, section: string, field: string): Promise<string | undefined> {
  const text = await unlessRefused(server.info(section));
  return new RegExp(`^${field}:(.*?)\r?$`, "m").exec(text ?? "")?.[1];
}

/** The value of a reply `[name, value]`, which is empty for a name that the server has not. */
function secondOf(reply: unknown): string | undefined {
  const value: unknown = Array.isArray(reply) ? reply[1] : undefined;
  return typeof value === "string" ? value : undefined;
}

async function unlessRefused<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}
