import { primariesOf, type Redis } from "shared/redis/redis";

/** What a test asks of all servers of a store at once: a command would reach one of a cluster's alone. */

const everywhere = <T>(redis: Redis, ask: (server: ReturnType<typeof primariesOf>[number]) => Promise<T>) =>
  Promise.all(primariesOf(redis).map(ask));

/** Empties the store but for the fences, so that it is as a drainer has opened it. */
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

/** Keys held, but for the fences. */
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

/** Lets every command wait for so many milliseconds. */
export async function pause(redis: Redis, ms: number): Promise<void> {
  await everywhere(redis, (server) => server.client("PAUSE", ms, "ALL"));
}
