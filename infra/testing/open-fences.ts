import { setTimeout as delay } from "node:timers/promises";
import type { Topology } from "shared/model/regions";
import { ACCOUNTS_TAG, fenceKey } from "shared/redis/keys";
import { type Redis, runAt } from "shared/redis/redis";
import { formatFence } from "shared/stores/fence";
import { connectTo } from "./redis/connect.ts";

const POLL_MS = 5;

/** Opens every shard and the accounts for writes, for a Redis that has no drainer. */
export async function openFences(redis: Redis, { shards }: Topology): Promise<void> {
  for (const tag of [ACCOUNTS_TAG, ...shards.map((shard) => shard.tag)]) {
    let run = runAt(redis, fenceKey(tag));
    for (; run === undefined; run = runAt(redis, fenceKey(tag))) await delay(POLL_MS);
    await redis.set(fenceKey(tag), formatFence({ origin: "test", keptVersion: 0, from: 0, run }));
  }
}

/** Does the same for the Redis at `url`. */
export async function openFencesAt(url: string, topology: Topology): Promise<void> {
  const redis = await connectTo(url);
  try {
    await openFences(redis, topology);
  } finally {
    redis.disconnect();
  }
}
