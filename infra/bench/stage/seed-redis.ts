import type { RedisClient } from "bun";
import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import { toArrival } from "shared/base/times";
import { formatRecord } from "shared/entries/records";
import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { accountKey, answersKeys, boardKey, clockKey, entriesKey, MAIN_BOARD } from "shared/redis/keys";
import { readUsedBytes } from "testing/redis/server-cost";
import { toAnswerField } from "../../../ranker/src/writes/submit-script.ts";
import { inBatches, type Player, type Players } from "./players.ts";

/** A command and its arguments. */
export type Command = [name: string, ...args: (string | number)[]];
type Write = (shard: Shard, players: readonly Player[], board?: string) => Command[];

const BATCH = 1_000;
/** As long as an argon2id hash with 19 MiB and 2 passes. */
export const PASSWORD_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${"s".repeat(43)}$${"h".repeat(43)}`;

const toMember = ({ userId, reachedAtUs }: Player) => toArrival(reachedAtUs) + userId;
function toRecord({ name, score, reachedAtUs }: Player): string {
  const text = String(score);
  const place = toArrival(reachedAtUs);
  return formatRecord({ place, updatedAt: String(reachedAtUs), rankedScore: text, score: text, sub: null, name });
}

/** Every kind of key that Redis holds for a player, and a bare sorted set for comparison. */
const writers = {
  bare: (_, players) => [["ZADD", "bare", ...players.flatMap(({ score, userId }) => [score, userId])]],
  ranking: (shard, players, board = MAIN_BOARD) => [
    ["ZADD", boardKey(shard, board), ...players.flatMap((player) => [player.score, toMember(player)])],
  ],
  record: (shard, players, board = MAIN_BOARD) => [
    ["HSET", entriesKey(shard, board), ...players.flatMap((player) => [player.userId, toRecord(player)])],
  ],
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
        ["HSET", key, field, `0123456789 ok ${score} ${reachedAtUs} - 123456 1 place ${score} - 123456 1000000`],
        ["EXPIRE", key, 2 * ANSWER_KEPT_SECONDS],
      ];
    }),
} as const satisfies Record<string, Write>;

export type Kind = keyof typeof writers;

/** The keys that `submit.lua` writes for an entry, without the queue. */
export const ENTRY_KINDS = ["ranking", "record"] as const;

/** The commands that write a kind of key for some players, as the ranker or a restore leaves it. */
export const toCommands = (kind: Kind, ...args: Parameters<Write>): Command[] =>
  (writers[kind] satisfies Write)(...args);

/** Sends batches of commands; Redis works on one while this process makes the next. */
export async function sendBatches(redis: RedisClient, batches: Iterable<readonly Command[]>): Promise<void> {
  let previous: Promise<unknown> = Promise.resolve();
  for (const commands of batches) {
    await previous;
    previous = Promise.all(commands.map(([name, ...args]) => redis.send(name, args.map(String))));
  }
  await previous;
}

/** Players of one region, and the board of their entries: `main` unless given. */
export interface Residents {
  topology: Topology;
  region: string;
  players: Players;
  board?: string;
}

/**
 * Writes one kind of key for all players of a region.
 *
 * @param redis a patient connection: that of a service gives up while Redis is busy with a seed
 * @returns the memory that Redis took for it, in bytes
 */
export async function seedRedis(redis: RedisClient, kind: Kind, residents: Residents): Promise<number> {
  const { topology, region, players, board } = residents;
  const before = await readUsedBytes(redis);
  const toClock = (shard: Shard, batch: readonly Player[]): Command[] =>
    kind === "record" ? [["SET", clockKey(shard), batch.at(-1)?.reachedAtUs ?? 0]] : [];
  function* toBatches() {
    for (const batch of inBatches(players, BATCH)) {
      const byShard = Map.groupBy(batch, ({ userId }) => shardOf(topology, region, userId));
      yield [...byShard].flatMap(([shard, onShard]) => [
        ...toCommands(kind, shard, onShard, board),
        ...toClock(shard, batch),
      ]);
    }
  }
  await sendBatches(redis, toBatches());
  return (await readUsedBytes(redis)) - before;
}
