import { setTimeout as delay } from "node:timers/promises";
import { createLog } from "shared/log/log";
import type { Topology } from "shared/model/regions";
import { ACCOUNTS_TAG, fenceKey } from "shared/redis/keys";
import { awaitReady, connectRedis, type Redis, runAt } from "shared/redis/redis";
import { formatFence } from "shared/stores/fence";

const POLL_MS = 5;
const READY_TIMEOUT_MS = 5_000;

/** Opens every shard and the accounts on a store that no drainer looks after, as a drainer would. */
export async function openFences(redis: Redis, { shards }: Topology): Promise<void> {
  for (const tag of [ACCOUNTS_TAG, ...shards.map((shard) => shard.tag)]) {
    let run = runAt(redis, fenceKey(tag));
    for (; run === undefined; run = runAt(redis, fenceKey(tag))) await delay(POLL_MS);
    await redis.set(fenceKey(tag), formatFence({ origin: "test", kept: 0, from: 0, run }));
  }
}

/** The same by the address of the store. */
export async function openFencesAt(url: string, topology: Topology): Promise<void> {
  const redis = connectRedis({ url, name: "test", log: createLog("test", "silent") });
  try {
    await awaitReady(redis, READY_TIMEOUT_MS);
    await openFences(redis, topology);
  } finally {
    redis.disconnect();
  }
}
