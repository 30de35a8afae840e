import { deadKey, onceKeyPrefix } from "shared/keys";
import { homeOf, isVanishing, type Move } from "./move-entries.ts";
import { scanShards } from "./scan-shards.ts";

// A rank that was still to be summed over the shards of before can be summed no more.
const UNSEALED = /^(\S+ ok .*) \d+ 0$/;

/** Moves the answers kept for idempotency keys, so that a write is not applied again on another shard. */
export async function moveAnswers(move: Move): Promise<void> {
  const { redis, region, from, counts, onPage } = move;
  for await (const page of scanShards(redis, region, from, onceKeyPrefix)) {
    await Promise.all(
      page.map(async ({ key, shard, rest }) => {
        const home = homeOf(move, rest.slice(0, rest.indexOf(":")));
        if (home.tag === shard.tag) return;
        const [answer, ttlMs] = await Promise.all([redis.get(key), redis.pttl(key)]);
        if (answer === null || ttlMs <= 0) return;
        await redis.set(onceKeyPrefix(home) + rest, answer.replace(UNSEALED, "$1 0 1"), "PX", ttlMs, "NX");
        await redis.unlink(key);
        counts.answers++;
      }),
    );
    await onPage();
  }
}

const PAGE_ENTRIES = 100;

/** Moves the dead events of shards that will be no more to the region's first one, where they can be retried. */
export async function moveDead(move: Move): Promise<void> {
  const { redis, region, from, to, onPage } = move;
  const target = to.shards.find((shard) => shard.region === region);
  for (const shard of from) {
    if (target === undefined || !isVanishing(move, shard)) continue;
    for (;;) {
      const newestFirst = await redis.lrangeBuffer(deadKey(shard), -PAGE_ENTRIES, -1);
      if (newestFirst.length === 0) break;
      for (const entry of newestFirst.reverse()) {
        if ((await redis.lpos(deadKey(target), entry)) === null) await redis.lpush(deadKey(target), entry);
        await redis.lrem(deadKey(shard), -1, entry);
      }
      await onPage();
    }
  }
}
