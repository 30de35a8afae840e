import type { RedisClient } from "bun";
import type { ScoreEvent } from "shared/model/events";
import { shardOf } from "shared/model/regions";
import { MAIN_BOARD, queueKey } from "shared/redis/keys";
import { createInFlight } from "../../drainer/src/command/in-flight.ts";
import { REGION, TOPOLOGY } from "./board-under-load.ts";
import { createPlayers, mix } from "./players.ts";

/** Events of some players, oldest first; the same ones every time. */
export interface EventStream {
  readonly count: number;
  at(index: number): ScoreEvent;
}

export const SHARD = shardOf(TOPOLOGY, REGION, "");
/** In the slot of the queue, so that it can become the queue at once. */
const STAGING = `bench:{${SHARD.tag}}`;

const BATCH = 1_000;
const BATCHES_IN_FLIGHT = 2;
const FIRST_US = 1_767_225_600_000_000; // 1 January 2026

/** @param users a random one of so many each; another one each where there are as many as events */
export function createEvents(count: number, users: number): EventStream {
  const players = createPlayers(users, FIRST_US);
  return {
    count,
    at(index) {
      const { userId, name, score } = players.at(users < count ? mix(index) % users : index);
      const writtenAt = String(FIRST_US + index);
      const times = { reached_at: writtenAt, updated_at: writtenAt };
      return { score: String(score + index), ...times, board: MAIN_BOARD, user_id: userId, name, region: REGION };
    },
  };
}

/** The events in runs of `size`, in order. */
export function* eventBatches(events: EventStream, size: number): Generator<ScoreEvent[]> {
  for (let first = 0; first < events.count; first += size) {
    yield Array.from({ length: Math.min(size, events.count - first) }, (_, offset) => events.at(first + offset));
  }
}

/** Puts all events aside, as `submit.lua` writes them. @returns what makes them the queue, at once */
export async function stageEvents(redis: RedisClient, events: EventStream): Promise<() => Promise<void>> {
  const batches = createInFlight(BATCHES_IN_FLIGHT);
  for (const batch of eventBatches(events, BATCH)) {
    const raws = batch.map((event) => JSON.stringify(event));
    await batches.start(async () => void (await redis.send("LPUSH", [STAGING, ...raws])));
  }
  await batches.finish();
  return async () => void (await redis.send("RENAME", [STAGING, queueKey(SHARD)]));
}
