import type { RedisClient } from "bun";

const US_PER_MS = 1_000;
const LOGGED_MAX = 100_000;

/** Lets Redis log each command that holds it for 1 ms or longer. */
export async function watchHolds(redis: RedisClient): Promise<void> {
  await redis.send("CONFIG", ["SET", "slowlog-log-slower-than", `${US_PER_MS}`, "slowlog-max-len", `${LOGGED_MAX}`]);
  await redis.send("SLOWLOG", ["RESET"]);
}

/**
 * The longest time that one command has held Redis since the last call (ms); 1 where none was
 * longer.
 */
export async function longestHoldMs(redis: RedisClient): Promise<number> {
  const logged = (await redis.send("SLOWLOG", ["GET", "-1"])) as [id: number, at: number, us: number][];
  await redis.send("SLOWLOG", ["RESET"]);
  return logged.reduce((longest, [, , us]) => Math.max(longest, us / US_PER_MS), 1);
}
