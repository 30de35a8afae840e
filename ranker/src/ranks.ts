import { boardKey, entriesKey, splitKey } from "shared/keys";
import { defineScript, type Redis, type Script, toRedisProblem } from "shared/redis";
import type { Shard, Topology } from "shared/regions";
import countSource from "./count-ahead-of.lua" with { type: "text" };
import findSource from "./find-ranks.lua" with { type: "text" };
import { createGather, perBoard } from "./gather.ts";
import { withParts } from "./script-parts.ts";
import { entriesMoved, type Sought, type Standing, type Target, toSelf } from "./window.ts";

/**
 * Where a target stands on one shard. What is asked of a shard and board in one turn of the event loop is one call of one
 * script: under load a rank costs its walk down the sorted set, and little else.
 *
 * @throws Problem `unavailable`
 */
export type ReadRank = (shard: Shard, board: string, target: Target) => Promise<Standing>;

// Redis does nothing else meanwhile: 3 µs for each on a small board, up to 50 on the largest.
const GATHERED_MAX = 64;

type Reply = [] | [numbers: string, ...records: (string | null)[]];
const findScript = defineScript({
  ...{ name: "find-ranks", source: withParts(findSource, "ties-of") },
  parse: (reply) => reply as Reply,
});
const countScript = defineScript({
  name: "count-ahead-of",
  source: withParts(countSource, "count-ahead"),
  parse: String,
});

export function createReadRank({ partitions }: Topology, redisOf: (region: string) => Redis): ReadRank {
  async function run<R>(script: Script<R>, { region }: Shard, keys: string[], args: (string | number)[]): Promise<R> {
    try {
      return await script(redisOf(region), keys, args);
    } catch (error) {
      throw toRedisProblem(error, "read");
    }
  }

  const finder = (wantsTies: boolean) =>
    perBoard((shard, board) => {
      const keys = [boardKey(shard, board), entriesKey(shard, board), splitKey(shard.tag)];
      return createGather<string, Standing>(GATHERED_MAX, async (userIds) =>
        toFound(shard, userIds, await run(findScript, shard, keys, [partitions, wantsTies ? 1 : 0, ...userIds])),
      );
    });
  const find = finder(false);
  const findWithTies = finder(true);
  const count = perBoard((shard, board) => {
    const keys = [boardKey(shard, board), splitKey(shard.tag)];
    return createGather<Sought, Standing>(GATHERED_MAX, async (all) => {
      const args: (string | number)[] = [partitions];
      for (const { score, member, ties } of all) args.push(score, member, ties.count, ties.of);
      return toCounted(shard, await run(countScript, shard, keys, args));
    });
  });

  return (shard, board, target) => {
    if (!("userId" in target)) return count(shard, board)(target);
    return (target.wantsTies ? findWithTies : find)(shard, board)(target.userId);
  };
}

function toFound({ region }: Shard, userIds: readonly string[], reply: Reply): Standing[] {
  const [numbers] = reply;
  if (numbers === undefined) throw entriesMoved(region);
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
  if (numbers === "") throw entriesMoved(region);
  const [total = 0, ...befores] = numbers.split(" ").map(Number);
  return befores.map((before) => ({ total, before }));
}
