import type { Shard } from "shared/model/regions";
import { answersKeyPrefix, clockKey, erasedKey, erasedKeyPrefix, legacyAnswerKeyPrefix } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { type Move, newShardOf } from "./move-entries.ts";
import erasureSource from "./put-erasure.lua" with { type: "text" };
import { type FoundKey, scanShards } from "./scan-shards.ts";

const erasureLayout = defineLayout({ keys: ["erased", "clock"], args: { erasure: "text", ttl: "number" } });
const erasureScript = defineScript({
  name: "put-erasure",
  source: erasureSource,
  parts: [versionsPart],
  layout: erasureLayout,
  parse: Number,
});

// The rank of an unsealed answer was to be summed over the old shards, which is no longer possible.
const UNSEALED = /^(\S+ ok .*) \d+ 0$/;

const settled = (answer: string) => answer.replace(UNSEALED, "$1 0 1");

/**
 * Calls `moveKey` for every key with this prefix whose player has another shard in the new
 * topology.
 */
async function moveKeys(
  move: Move,
  prefixOf: (shard: Shard) => string,
  moveKey: (found: FoundKey, newShard: Shard) => Promise<void>,
): Promise<void> {
  for await (const page of scanShards(move.redis, move.region, move.from, prefixOf)) {
    await Promise.all(
      page.map(async (found) => {
        const [name = ""] = found.rest.split(":");
        const userId = name.slice(name.lastIndexOf("/") + 1); // a removal names the ranking before it
        const newShard = newShardOf(move, userId);
        if (newShard.tag !== found.shard.tag) await moveKey(found, newShard);
      }),
    );
    await move.onPage();
  }
}

/**
 * Moves the answers kept for idempotency keys, so that a repeated write is not applied again on the
 * new shard.
 */
export async function moveAnswers(move: Move): Promise<void> {
  const { redis, counts } = move;
  await moveKeys(move, answersKeyPrefix, async ({ key, rest }, newShard) => {
    const [answers, ttlMs] = await Promise.all([redis.hgetall(key), redis.pttl(key)]);
    const pairs = Object.entries(answers).flatMap(([field, answer]) => [field, settled(answer)]);
    if (pairs.length === 0 || ttlMs <= 0) return;
    const target = answersKeyPrefix(newShard) + rest;
    await redis.hset(target, ...pairs);
    await redis.pexpire(target, ttlMs);
    await redis.unlink(key);
    counts.answers += pairs.length / 2;
  });
  // Release 0.1 had a Redis key for each answer.
  await moveKeys(move, legacyAnswerKeyPrefix, async ({ key, rest }, newShard) => {
    const [answer, ttlMs] = await Promise.all([redis.get(key), redis.pttl(key)]);
    if (answer === null || ttlMs <= 0) return;
    await redis.set(legacyAnswerKeyPrefix(newShard) + rest, settled(answer), "PX", ttlMs, "NX");
    await redis.unlink(key);
    counts.answers++;
  });
}

/**
 * Moves erasures, and removals of entries, so that older entries are not put back, and tokens of
 * erased accounts stay refused.
 */
export function moveErasures(move: Move): Promise<void> {
  const { redis } = move;
  return moveKeys(move, erasedKeyPrefix, async ({ key, rest: userId }, newShard) => {
    const [erasure, ttlMs] = await Promise.all([redis.get(key), redis.pttl(key)]);
    if (erasure === null || ttlMs <= 0) return;
    const keys = erasureLayout.toKeys({ erased: erasedKey(newShard, userId), clock: clockKey(newShard) });
    await erasureScript(redis, keys, erasureLayout.toArgs({ erasure, ttl: ttlMs }));
    await redis.unlink(key);
  });
}
