import { rankingIn } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { queueKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { readDead } from "../dead/dead-events.ts";
import { type ScoreQueue, scoreQueueOf } from "../queues/queues.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";

/** What waits on a shard, and what is dead there. */
export interface QueueState {
  oldestWaiting: number;
  /** Boards and seasons of boards that dead events name. */
  dead: ReadonlySet<string>;
}

/** A dead list that was read, and by what it is known that it has not changed since. */
interface DeadList {
  signature: string;
  rankings: ReadonlySet<string>;
}

/** Reads the state of queues. A dead list that has not changed is not read through again. */
export function createReadQueueState(): (redis: Redis, shard: Shard) => Promise<QueueState> {
  const lists = new Map<string, DeadList>();

  async function readRankings(redis: Redis, keys: ScoreQueue): Promise<ReadonlySet<string>> {
    const [count, newest, oldest] = await Promise.all([
      redis.llen(keys.dead),
      redis.lindex(keys.dead, 0),
      redis.lindex(keys.dead, -1),
    ]);
    const signature = `${count} ${newest} ${oldest}`;
    const known = lists.get(keys.tag);
    if (known?.signature === signature) return known.rankings;
    const rankings = new Set<string>();
    for await (const page of readDead(redis, keys)) {
      for (const { raw } of page) rankings.add((raw && rankingIn(raw.toString("utf8"))) ?? "");
    }
    lists.set(keys.tag, { signature, rankings });
    return rankings;
  }

  return async (redis, shard) => {
    const waiting = async () => toMoment(await redis.lindex(queueKey(shard), -1), null, "0").oldestWaiting;
    // A retry moves dead events into the queue: before or after the dead ones are read.
    const before = await waiting();
    const dead = await readRankings(redis, scoreQueueOf(shard));
    return { oldestWaiting: Math.min(before, await waiting()), dead };
  };
}
