/** CPU time and memory of a Redis. */

import type { RedisClient } from "bun";

/** The time that a Redis has spent since its start, in microseconds. */
export interface ServerCost {
  /** CPU time of the process, in user code and in the kernel, network included. */
  cpuUs: number;
  /**
   * Wall time in scripts. On a busy machine it includes the time of other processes on the core.
   */
  scriptUs: number;
}

/** The fields of an `INFO` reply by name. A field with parts, as `cmdstat_…` is, stays a text. */
export function parseInfo(reply: string): Map<string, string> {
  const lines = reply.split("\r\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

export function toServerCost(info: ReadonlyMap<string, string>): ServerCost {
  const seconds = Number(info.get("used_cpu_user")) + Number(info.get("used_cpu_sys"));
  const scripts = /\busec=(\d+)/.exec(info.get("cmdstat_evalsha") ?? "");
  return { cpuUs: seconds * 1e6, scriptUs: Number(scripts?.[1] ?? 0) };
}

/** The fields of some sections of `INFO`. */
export async function readInfo(redis: RedisClient, ...sections: string[]): Promise<Map<string, string>> {
  const reply: unknown = await redis.send("INFO", sections);
  return parseInfo(String(reply));
}

/** The time spent so far. Reading it costs Redis some 50 µs itself. */
export const readServerCost = async (redis: RedisClient): Promise<ServerCost> =>
  toServerCost(await readInfo(redis, "cpu", "commandstats"));

/** Bytes that Redis has allocated, except for its clients: keys and their tables. */
export async function readUsedBytes(redis: RedisClient): Promise<number> {
  const info = await readInfo(redis, "memory");
  return Number(info.get("used_memory")) - Number(info.get("mem_clients_normal"));
}
