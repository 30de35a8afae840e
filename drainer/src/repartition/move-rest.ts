import { readDeadEntry } from "shared/model/dead-entry";
import { userIdIn } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import {
  answersKeyPrefix,
  clockKey,
  deadKey,
  erasedKey,
  erasedKeyPrefix,
  legacyAnswerKeyPrefix,
} from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { peekList } from "../queues/peek-list.ts";
import { homeOf, isVanishing, type Move } from "./move-entries.ts";
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
  moveKey: (found: FoundKey, home: Shard) => Promise<void>,
): Promise<void> {
  for await (const page of scanShards(move.redis, move.region, move.from, prefixOf)) {
    await Promise.all(
      page.map(async (found) => {
        const [userId = ""] = found.rest.split(":");
        const home = homeOf(move, userId);
        if (home.tag !== found.shard.tag) await moveKey(found, home);
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
  await moveKeys(move, answersKeyPrefix, async ({ key, rest }, home) => {
    const [answers, ttlMs] = await Promise.all([redis.hgetall(key), redis.pttl(key)]);
    const pairs = Object.entries(answers).flatMap(([field, answer]) => [field, settled(answer)]);
    if (pairs.length === 0 || ttlMs <= 0) return;
    const target = answersKeyPrefix(home) + rest;
    await redis.hset(target, ...pairs);
    await redis.pexpire(target, ttlMs);
    await redis.unlink(key);
    counts.answers += pairs.length / 2;
  });
  // Release 0.1 had a Redis key for each answer.
  await moveKeys(move, legacyAnswerKeyPrefix, async ({ key, rest }, home) => {
    const [answer, ttlMs] = await Promise.all([redis.get(key), redis.pttl(key)]);
    if (answer === null || ttlMs <= 0) return;
    await redis.set(legacyAnswerKeyPrefix(home) + rest, settled(answer), "PX", ttlMs, "NX");
    await redis.unlink(key);
    counts.answers++;
  });
}

/**
 * Moves erasures, so that older entries are not put back, and tokens of erased accounts stay
 * refused.
 */
export function moveErasures(move: Move): Promise<void> {
  const { redis } = move;
  return moveKeys(move, erasedKeyPrefix, async ({ key, rest: userId }, home) => {
    const [erasure, ttlMs] = await Promise.all([redis.get(key), redis.pttl(key)]);
    if (erasure === null || ttlMs <= 0) return;
    const keys = erasureLayout.toKeys({ erased: erasedKey(home, userId), clock: clockKey(home) });
    await erasureScript(redis, keys, erasureLayout.toArgs({ erasure, ttl: ttlMs }));
    await redis.unlink(key);
  });
}

const PAGE_ENTRIES = 100;

/**
 * Moves dead events to the new shards of their players, where an erasure looks for them. An event
 * that names no player stays, or goes to the region's first shard if its own shard vanishes.
 */
export async function moveDead(move: Move): Promise<void> {
  const { redis, from, onPage } = move;
  for (const shard of from) {
    for (let staying = 0; ; ) {
      const page = await peekList(redis, deadKey(shard), { count: PAGE_ENTRIES, behind: staying });
      if (page.length === 0) break;
      for (const entry of page) {
        const target = deadHome(move, shard, entry);
        if (target.tag === shard.tag) {
          staying++;
          continue;
        }
        if ((await redis.lpos(deadKey(target), entry)) === null) await redis.lpush(deadKey(target), entry);
        await redis.lrem(deadKey(shard), -1, entry);
      }
      await onPage();
    }
  }
}

function deadHome(move: Move, shard: Shard, entry: Buffer): Shard {
  const userId = userIdIn((readDeadEntry(entry).raw ?? entry).toString("utf8"));
  if (userId !== undefined) return homeOf(move, userId);
  const first = move.to.shards.find(({ region }) => region === move.region);
  return isVanishing(move, shard) && first !== undefined ? first : shard;
}
