import type { RedisClient } from "bun";
import type { ScoreEvent } from "shared/model/events";
import { MAIN_BOARD, queueKey } from "shared/redis/keys";
import { createPlayers, inBatches, mix, type Sequence } from "./players.ts";
import { type Command, sendBatches } from "./seed-redis.ts";
import { REGION, SHARD } from "./topology.ts";

/** Score events, oldest first; the same ones every time. */
export type Events = Sequence<ScoreEvent>;

/** In the slot of the queue, so that one `RENAME` can make it the queue. */
const STAGING = `bench:{${SHARD.tag}}`;

const BATCH = 1_000;
const FIRST_US = 1_767_225_600_000_000; // 1 January 2026

/**
 * @param users with as many users as events each event has its own, otherwise each event has a
 *   random one
 */
export function createEvents(count: number, users: number): Events {
  const players = createPlayers(users, FIRST_US);
  return {
    count,
    at(index) {
      const { userId, name, score } = players.at(users < count ? mix(index) % users : index);
      const time = String(FIRST_US + index);
      // In the order of the members that submit.lua writes, which is what the drainer reads
      // fastest.
      return {
        score: String(score + index),
        reached_at: time,
        updated_at: time,
        board: MAIN_BOARD,
        user_id: userId,
        name,
        region: REGION,
      };
    },
  };
}

/**
 * Puts all events into a list beside the queue.
 *
 * @returns a function that makes this list the queue
 */
export async function stageEvents(redis: RedisClient, events: Events): Promise<() => Promise<void>> {
  function* toBatches(): Generator<Command[]> {
    for (const batch of inBatches(events, BATCH)) {
      yield [["LPUSH", STAGING, ...batch.map((event) => JSON.stringify(event))]];
    }
  }
  await sendBatches(redis, toBatches());
  return async () => void (await redis.send("RENAME", [STAGING, queueKey(SHARD)]));
}

const POLL_MS = 10;
// Without this bound the bench would wait forever for a drainer that has stopped.
const STALL_MS = 60_000;

/** Waits until a drainer has emptied the queue. @throws Error when the queue no longer shrinks */
export async function untilDrained(redis: RedisClient): Promise<void> {
  for (let last = Number.POSITIVE_INFINITY, movedAt = performance.now(); ; await Bun.sleep(POLL_MS)) {
    const left = Number(await redis.send("LLEN", [queueKey(SHARD)]));
    if (left === 0) return;
    if (left < last) [last, movedAt] = [left, performance.now()];
    if (performance.now() - movedAt > STALL_MS) throw new Error(`the drainer stopped before ${left} events`);
  }
}
