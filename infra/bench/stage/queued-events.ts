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

/** @param users with as many users as events each event has its own, otherwise each event has a random one */
export function createEvents(count: number, users: number): Events {
  const players = createPlayers(users, FIRST_US);
  return {
    count,
    at(index) {
      const { userId, name, score } = players.at(users < count ? mix(index) % users : index);
      const time = String(FIRST_US + index);
      // In the order of the members that submit.lua writes, which is what the drainer reads fastest.
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

/** Puts all events into a list beside the queue. @returns a function that makes this list the queue */
export async function stageEvents(redis: RedisClient, events: Events): Promise<() => Promise<void>> {
  function* toBatches(): Generator<Command[]> {
    for (const batch of inBatches(events, BATCH)) {
      yield [["LPUSH", STAGING, ...batch.map((event) => JSON.stringify(event))]];
    }
  }
  await sendBatches(redis, toBatches());
  return async () => void (await redis.send("RENAME", [STAGING, queueKey(SHARD)]));
}
