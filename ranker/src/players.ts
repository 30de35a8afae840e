import { accountDeadKey, accountKey, accountQueueKey, deadKey, profileKey, queueKey } from "shared/keys";
import { Problem } from "shared/problems";
import { type Redis, toRedisProblem } from "shared/redis";
import { GLOBAL, shardsThatMayHold, type Topology } from "shared/regions";
import type { Stores } from "shared/stores";
import { ARRIVAL_DIGITS, fromArrival, toIsoTime } from "shared/times";
import type { Identity } from "shared/tokens";
import { readWindow } from "./window.ts";

/** All that is kept of a player, but for the hash of the password. */
export interface PlayerRecord {
  user_id: string;
  account: { name: string; region: string; has_password: boolean; created_at: string; updated_at: string } | null;
  entries: { board: string; region: string; name: string; score: number; reached_at: string; updated_at: string }[];
  /** Events on their way to PostgreSQL, and those that it refused. */
  waiting: unknown[];
  dead: string[];
}

/** What operators read of players, wherever they live. */
export interface Players {
  /** The player to write for. @throws Problem `not_found`, `unavailable` */
  find(userId: string): Promise<Identity>;
  /** @throws Problem `not_found`, `unavailable` */
  record(userId: string): Promise<PlayerRecord>;
}

const QUEUE_PAGE = 1_000;

export function createPlayers(topology: Topology, stores: Pick<Stores, "home" | "of">): Players {
  const shardsOf = (userId: string) => shardsThatMayHold(topology, GLOBAL, userId);

  /** Players of an identity provider have no account: their profile says who they are. */
  async function find(userId: string): Promise<Identity | undefined> {
    const [name, region, account] = await stores.home.hmget(accountKey(userId), "name", "region", "created_at");
    if (name && region && account) return { userId, name, region, account };
    for (const shard of shardsOf(userId)) {
      const shown = await stores.of(shard.region).hget(profileKey(shard, userId), "name");
      if (shown !== null) return { userId, name: shown, region: shard.region, isExternal: true };
    }
    return undefined;
  }

  async function readEntries(userId: string): Promise<PlayerRecord["entries"]> {
    const places = shardsOf(userId).flatMap((shard) => topology.boards.map((board) => ({ shard, board })));
    const found = await Promise.all(
      places.map(async ({ shard, board }) => {
        const { self } = await readWindow(stores.of(shard.region), shard, board, { userId }, 0);
        if (self === undefined) return [];
        const { name, region, score, member, updatedAtUs } = self;
        const reachedAt = toIsoTime(fromArrival(member.slice(0, ARRIVAL_DIGITS)));
        return [{ board, region, name, score, reached_at: reachedAt, updated_at: toIsoTime(updatedAtUs) }];
      }),
    );
    return found.flat();
  }

  async function readAccount(userId: string): Promise<PlayerRecord["account"]> {
    const account: Record<string, string | undefined> = await stores.home.hgetall(accountKey(userId));
    const { name, region, password_hash, created_at, updated_at } = account;
    if (name === undefined || region === undefined) return null;
    const time = (text: string | undefined) => toIsoTime(Number(text ?? 0));
    const times = { created_at: time(created_at), updated_at: time(updated_at) };
    return { name, region, has_password: Boolean(password_hash), ...times };
  }

  async function record(userId: string): Promise<PlayerRecord> {
    const lists = shardsOf(userId).map((shard) => {
      const redis = stores.of(shard.region);
      return { redis, queue: queueKey(shard), dead: deadKey(shard) };
    });
    lists.push({ redis: stores.home, queue: accountQueueKey, dead: accountDeadKey });
    const [account, entries, waiting, dead] = await Promise.all([
      readAccount(userId),
      readEntries(userId),
      Promise.all(lists.map(({ redis, queue }) => findEvents(redis, queue, userId))),
      Promise.all(lists.map(({ redis, dead: key }) => findEvents(redis, key, userId))),
    ]);
    return {
      ...{ user_id: userId, account, entries, waiting: waiting.flat().map(withoutHash) },
      dead: dead.flat().map((entry) => entry.replaceAll(HASH_FIELD, "$1…")),
    };
  }

  return {
    async find(userId) {
      const found = await find(userId).catch((error: unknown) => {
        throw toRedisProblem(error, "read");
      });
      if (found === undefined) throw unknownPlayer(userId);
      return found;
    },

    async record(userId) {
      const found = await record(userId).catch((error: unknown) => {
        throw toRedisProblem(error, "read");
      });
      const { account, entries, waiting, dead } = found;
      if (account === null && entries.length + waiting.length + dead.length === 0) throw unknownPlayer(userId);
      return found;
    },
  };
}

const unknownPlayer = (userId: string) => new Problem("not_found", `Nothing is kept of a player ${userId}.`);

/** From the newest on: events that are pushed meanwhile show some twice, and what is drained meanwhile may be left out. */
async function findEvents(redis: Redis, key: string, userId: string): Promise<string[]> {
  const found = new Set<string>();
  // As it stands in an event, and in an event that is quoted in a dead one.
  const marks = [`"user_id":"${userId}"`, `\\"user_id\\":\\"${userId}\\"`];
  for (let first = 0; ; first += QUEUE_PAGE) {
    const page = await redis.lrange(key, first, first + QUEUE_PAGE - 1);
    for (const event of page) if (marks.some((mark) => event.includes(mark))) found.add(event);
    if (page.length < QUEUE_PAGE) return [...found];
  }
}

const HASH_FIELD = /(\\?"password_hash\\?":\\?")[^"\\]*/g;

function withoutHash(event: string): unknown {
  try {
    const { password_hash: _, ...rest } = JSON.parse(event) as Record<string, unknown>;
    return rest;
  } catch {
    return event.replaceAll(HASH_FIELD, "$1…");
  }
}
