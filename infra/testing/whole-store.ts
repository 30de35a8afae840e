/** Commands to all servers of a store: in a cluster, a plain command reaches only one. */

import { primariesOf, type Redis } from "shared/redis/redis";

const everywhere = <T>(redis: Redis, ask: (server: ReturnType<typeof primariesOf>[number]) => Promise<T>) =>
  Promise.all(primariesOf(redis).map(ask));

/** Empties the store except for the fences, so that it stays open for writes. */
export async function flushAll(redis: Redis): Promise<void> {
  await everywhere(redis, async (server) => {
    const keys = await server.keys("fence:*");
    const fences = await Promise.all(keys.map(async (key) => [key, (await server.get(key)) ?? ""] as const));
    await server.flushall();
    await Promise.all(fences.map(([key, fence]) => server.set(key, fence)));
  });
}

export async function keysOf(redis: Redis, pattern: string): Promise<string[]> {
  return (await everywhere(redis, (server) => server.keys(pattern))).flat();
}

/** @returns the number of keys, without the fences */
export async function sizeOf(redis: Redis): Promise<number> {
  const fences = await keysOf(redis, "fence:*");
  return (await everywhere(redis, (server) => server.dbsize())).reduce((sum, size) => sum + size, -fences.length);
}

export async function configure(redis: Redis, setting: string, value: string): Promise<void> {
  await everywhere(redis, (server) => server.config("SET", setting, value));
}

export async function forgetScripts(redis: Redis): Promise<void> {
  await everywhere(redis, (server) => server.script("FLUSH"));
}

/** Makes every server hold back all commands for so many milliseconds. */
export async function pause(redis: Redis, ms: number): Promise<void> {
  await everywhere(redis, (server) => server.client("PAUSE", ms, "ALL"));
}
