import {
  accountKey,
  arrivalsKey,
  boardKey,
  clockKey,
  MAIN_BOARD,
  onceKey,
  profileKey,
  updatedAtField,
} from "shared/keys";
import type { Redis } from "shared/redis";
import { type Shard, shardOf, type Topology } from "shared/regions";
import { toArrival } from "shared/times";
import { createInFlight } from "../../drainer/src/in-flight.ts";
import { inBatches, type Player, type Players } from "./players.ts";
import { readUsedBytes } from "./server-cost.ts";

/** Commands that wait to be sent together. */
type Pipeline = ReturnType<Redis["pipeline"]>;
type Write = (pipeline: Pipeline, shard: Shard, players: readonly Player[]) => void;

const BATCH = 1_000;
// One that Redis works on, and one that is made meanwhile.
const BATCHES_IN_FLIGHT = 2;
const DAY_SECONDS = 24 * 3600;
/** As long as one of argon2id with 19 MiB and 2 passes. */
export const PASSWORD_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${"s".repeat(43)}$${"h".repeat(43)}`;

const memberOf = ({ userId, reachedAtUs }: Player) => toArrival(reachedAtUs) + userId;

/** Everything that Redis keeps of a player, as its writer leaves it; and a bare sorted set to compare it with. */
const writers = {
  bare(pipeline, _, players) {
    pipeline.zadd("bare", ...players.flatMap(({ score, userId }) => [score, userId]));
  },
  ranking(pipeline, shard, players) {
    pipeline.zadd(boardKey(shard, MAIN_BOARD), ...players.flatMap((player) => [player.score, memberOf(player)]));
  },
  arrivals(pipeline, shard, players) {
    const pairs = players.flatMap(({ userId, reachedAtUs }) => [userId, toArrival(reachedAtUs)]);
    pipeline.hset(arrivalsKey(shard, MAIN_BOARD), ...pairs);
  },
  profile(pipeline, shard, players) {
    for (const { userId, name, score, reachedAtUs } of players) {
      const fields = ["name", name, "region", shard.region, updatedAtField(MAIN_BOARD), reachedAtUs, "score", score];
      pipeline.hset(profileKey(shard, userId), ...fields);
    }
    pipeline.set(clockKey(shard), players.at(-1)?.reachedAtUs ?? 0);
  },
  account(pipeline, shard, players) {
    for (const { userId, name, reachedAtUs } of players) {
      const fields = ["name", name, "region", shard.region, "password_hash", PASSWORD_HASH];
      pipeline.hset(accountKey(userId), ...fields, "created_at", reachedAtUs, "updated_at", reachedAtUs);
    }
  },
  answer(pipeline, shard, players) {
    for (const player of players) {
      const { userId, score, reachedAtUs } = player;
      const answer = `set:${MAIN_BOARD}:${score} ok ${score} ${reachedAtUs} ${memberOf(player)} 123456 1`;
      pipeline.set(onceKey(shard, userId, "00000000-0000-4000-8000-000000000000"), answer, "EX", DAY_SECONDS);
    }
  },
} as const satisfies Record<string, Write>;

export type Kind = keyof typeof writers;

/** What `submit.lua` leaves of a player, the queue aside. */
export const ENTRY_KINDS: readonly Kind[] = ["ranking", "arrivals", "profile"];

/**
 * Writes one kind of key for all players, region by `region`, in commands as large as a connection takes well.
 *
 * @returns the memory that Redis took for it, in bytes
 * @throws what Redis answers
 */
export async function seedRedis(
  redis: Redis,
  { topology, region, players, kind }: { topology: Topology; region: string; players: Players; kind: Kind },
): Promise<number> {
  const write: Write = writers[kind];
  const before = await readUsedBytes(redis);
  const batches = createInFlight(BATCHES_IN_FLIGHT);
  for (const batch of inBatches(players, BATCH)) {
    const pipeline = redis.pipeline();
    for (const [shard, onShard] of Map.groupBy(batch, ({ userId }) => shardOf(topology, region, userId))) {
      write(pipeline, shard, onShard);
    }
    await batches.start(async () => {
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    });
  }
  await batches.finish();
  return (await readUsedBytes(redis)) - before;
}
