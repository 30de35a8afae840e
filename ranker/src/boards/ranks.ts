import type { Shard, Topology } from "shared/model/regions";
import { boardKey, entriesKey, fenceKey, splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { createGather, perBoard } from "../scripts/gather.ts";
import { defineReadScript } from "../scripts/read-script.ts";
import countSource from "./count-ahead-of.lua" with { type: "text" };
import findSource from "./find-ranks.lua" with { type: "text" };
import { entriesAway, type Sought, type Standing, type Target, toSelf } from "./window.ts";

/**
 * Where a target stands on one shard. What is asked of a shard and board in one turn of the event loop is one call of
 * one script: under load a rank costs its walk down the sorted set, and little else.
 *
 * @throws Problem `unavailable`
 */
export type ReadRank = (shard: Shard, board: string, target: Target) => Promise<Standing>;

// Redis does nothing else meanwhile: 3 µs for each on a small board, up to 50 on the largest.
const GATHERED_MAX = 64;

type Reply = [] | [numbers: string, ...records: (string | null)[]];
const findScript = defineReadScript({
  name: "find-ranks",
  source: findSource,
  parts: ["is-readable", "ties-of"],
  parse: (reply) => reply as Reply,
});
const countScript = defineReadScript({
  name: "count-ahead-of",
  source: countSource,
  parts: ["is-readable", "count-ahead"],
  parse: String,
});

export function createReadRank({ partitions }: Topology, redisOf: (region: string) => Redis): ReadRank {
  const finder = (wantsTies: boolean) =>
    perBoard((shard, board) => {
      const keys = [boardKey(shard, board), entriesKey(shard, board), splitKey(shard.tag), fenceKey(shard.tag)];
      return createGather<string, Standing>(GATHERED_MAX, async (userIds) => {
        const args = [partitions, wantsTies ? 1 : 0, ...userIds];
        return toFound(shard, userIds, await findScript(redisOf(shard.region), keys, args));
      });
    });
  const find = finder(false);
  const findWithTies = finder(true);
  const count = perBoard((shard, board) => {
    const keys = [boardKey(shard, board), splitKey(shard.tag), fenceKey(shard.tag)];
    return createGather<Sought, Standing>(GATHERED_MAX, async (all) => {
      const args: (string | number)[] = [partitions];
      for (const { score, member, ties } of all) args.push(score, member, ties.count, ties.of);
      return toCounted(shard, await countScript(redisOf(shard.region), keys, args));
    });
  });

  return (shard, board, target) => {
    if (!("userId" in target)) return count(shard, board)(target);
    return (target.wantsTies ? findWithTies : find)(shard, board)(target.userId);
  };
}

function toFound({ region }: Shard, userIds: readonly string[], reply: Reply): Standing[] {
  const [numbers] = reply;
  if (numbers === undefined) throw entriesAway(region);
  const parsed = numbers.split(" ");
  const total = Number(parsed[0]);
  return userIds.map((userId, i) => {
    const record = reply[i + 1];
    if (record == null) return { total };
    const [before, count] = [Number(parsed[2 * i + 1]), Number(parsed[2 * i + 2])];
    return { total, before, self: toSelf(region, userId, record), ties: { count, of: total } };
  });
}

function toCounted({ region }: Shard, numbers: string): Standing[] {
  if (numbers === "") throw entriesAway(region);
  const [total = 0, ...befores] = numbers.split(" ").map(Number);
  return befores.map((before) => ({ total, before }));
}
