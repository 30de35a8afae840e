import type { Redis } from "shared/redis";

/** What a Redis has spent since it started, in microseconds. */
export interface ServerCost {
  /** CPU time of the process, in user code and in the kernel: reading and answering the network is in it. */
  cpuUs: number;
  /** Time within scripts alone. On a busy machine it also counts when another process had the core. */
  scriptUs: number;
}

/** The fields of an `INFO` reply by name; of a field with parts, as `cmdstat_…` has, the text of them. */
export function parseInfo(reply: string): Map<string, string> {
  const lines = reply.split("\r\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

export function toServerCost(info: ReadonlyMap<string, string>): ServerCost {
  const seconds = Number(info.get("used_cpu_user")) + Number(info.get("used_cpu_sys"));
  const scripts = /\busec=(\d+)/.exec(info.get("cmdstat_evalsha") ?? "");
  return { cpuUs: seconds * 1e6, scriptUs: Number(scripts?.[1] ?? 0) };
}

/** What was spent so far. Reading it costs Redis some 50 µs itself. */
export const readServerCost = async (redis: Redis): Promise<ServerCost> =>
  toServerCost(parseInfo(await redis.info("cpu", "commandstats")));

/** Bytes that Redis has allocated for all but its clients: keys, and the tables that find them. */
export async function readUsedBytes(redis: Redis): Promise<number> {
  const info = parseInfo(await redis.info("memory"));
  return Number(info.get("used_memory")) - Number(info.get("mem_clients_normal"));
}
