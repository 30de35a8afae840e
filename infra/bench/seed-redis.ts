import type { RedisClient } from "bun";
import { toArrival } from "shared/base/times";
import { formatRecord } from "shared/model/records";
import { type Shard, shardOf, type Topology } from "shared/model/regions";
import {
  ACCOUNTS_TAG,
  accountKey,
  answersKeys,
  boardKey,
  clockKey,
  entriesKey,
  fenceKey,
  MAIN_BOARD,
} from "shared/redis/keys";
import { formatFence } from "shared/stores/fence";
import { readInfo, readUsedBytes } from "testing/server-cost";
import { createInFlight } from "../../drainer/src/command/in-flight.ts";
import { toAnswerField } from "../../ranker/src/writes/submit-call.ts";
import { inBatches, type Player, type Players } from "./players.ts";

/** A command and its arguments. */
type Command = [name: string, ...args: (string | number)[]];
type Write = (shard: Shard, players: readonly Player[]) => Command[];

const BATCH = 1_000;
// One that Redis works on, and one that is made meanwhile.
const BATCHES_IN_FLIGHT = 2;
const DAY_SECONDS = 24 * 3600;
/** As long as one of argon2id with 19 MiB and 2 passes. */
export const PASSWORD_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${"s".repeat(43)}$${"h".repeat(43)}`;

const memberOf = ({ userId, reachedAtUs }: Player) => toArrival(reachedAtUs) + userId;

/** Everything that Redis keeps of a player, as its writer leaves it; and a bare sorted set to compare it with. */
const writers = {
  bare: (_, players) => [["ZADD", "bare", ...players.flatMap(({ score, userId }) => [score, userId])]],
  ranking: (shard, players) => [
    ["ZADD", boardKey(shard, MAIN_BOARD), ...players.flatMap((player) => [player.score, memberOf(player)])],
  ],
  record(shard, players) {
    const pairs = players.flatMap(({ userId, name, score, reachedAtUs }) => {
      const [arrival, updatedAt] = [toArrival(reachedAtUs), String(reachedAtUs)];
      return [userId, formatRecord({ arrival, updatedAt, score: String(score), name })];
    });
    return [
      ["HSET", entriesKey(shard, MAIN_BOARD), ...pairs],
      ["SET", clockKey(shard), players.at(-1)?.reachedAtUs ?? 0],
    ];
  },
  account: (shard, players) =>
    players.map(({ userId, name, reachedAtUs }) => {
      const fields = ["name", name, "region", shard.region, "password_hash", PASSWORD_HASH];
      return ["HSET", accountKey(userId), ...fields, "created_at", reachedAtUs, "updated_at", reachedAtUs];
    }),
  answer: (shard, players) =>
    players.flatMap(({ userId, score, reachedAtUs }) => {
      const [key] = answersKeys(shard, userId);
      const field = toAnswerField("", "00000000-0000-4000-8000-000000000000");
      return [
        ["HSET", key, field, `0123456789 ok ${score} ${reachedAtUs} - 123456 1`],
        ["EXPIRE", key, 2 * DAY_SECONDS],
      ];
    }),
} as const satisfies Record<string, Write>;

export type Kind = keyof typeof writers;

/** What `submit.lua` leaves of a player, the queue aside. */
export const ENTRY_KINDS: readonly Kind[] = ["ranking", "record"];

/**
 * Writes one kind of key for all players of a region, in commands as large as a connection takes well.
 *
 * @param redis a patient connection: a service's gives up while the machine is busy with a seed
 * @returns the memory that Redis took for it, in bytes
 * @throws what Redis answers
 */
export async function seedRedis(
  redis: RedisClient,
  { topology, region, players, kind }: { topology: Topology; region: string; players: Players; kind: Kind },
): Promise<number> {
  const write: Write = writers[kind];
  const before = await readUsedBytes(redis);
  const batches = createInFlight(BATCHES_IN_FLIGHT);
  for (const batch of inBatches(players, BATCH)) {
    const byShard = Map.groupBy(batch, ({ userId }) => shardOf(topology, region, userId));
    const commands = [...byShard].flatMap(([shard, onShard]) => write(shard, onShard));
    await batches.start(async () => {
      await Promise.all(commands.map(([name, ...args]) => redis.send(name, args.map(String))));
    });
  }
  await batches.finish();
  return (await readUsedBytes(redis)) - before;
}

/** Opens the shards and the accounts of a Redis that no drainer looks after. @returns the run of the server */
export async function openFences(redis: RedisClient, { shards }: Topology): Promise<string> {
  const run = (await readInfo(redis, "server")).get("run_id") ?? "";
  for (const tag of [ACCOUNTS_TAG, ...shards.map((shard) => shard.tag)]) {
    await redis.send("SET", [fenceKey(tag), formatFence({ origin: "bench", kept: 0, from: 0, run })]);
  }
  return run;
}
