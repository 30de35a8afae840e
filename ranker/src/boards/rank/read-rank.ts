import { askTogether } from "shared/base/gather-turn";
import { nameOfBoard, type Shard, type Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart, membersPart } from "shared/redis/scripts/parts";
import type { RankedBoard } from "../../seasons/ranked-board.ts";
import { checkRead, type Position, type RefusedRead, readArgs, toReadArgs, toSelf } from "../shard-entry.ts";
import countSource from "./count-ahead-of.lua" with { type: "text" };
import findSource from "./find-ranks.lua" with { type: "text" };
import { countAheadPart, isPosition, type Standing, type Target } from "./standing.ts";

/**
 * Reads where a target stands on one shard. The targets of one turn of the event loop share a call,
 * so that under load a rank costs little more than its walk down the sorted set.
 *
 * @throws Problem `unavailable`, StaleBoard
 */
export type ReadRank = (shard: Shard, board: RankedBoard, target: Target) => Promise<Standing>;

interface RankingOnShard {
  shard: Shard;
  board: RankedBoard;
}

// Redis serves no other call meanwhile: 3 µs for each target on a small board, up to 50 µs on the
// largest.
const TARGETS_MAX = 64;

const findLayout = defineLayout({
  keys: ["board", "entries", "split", "fence", "boards"],
  args: readArgs,
});
type FindReply = [numbers: string, ...records: (string | null)[]];
const findScript = defineScript({
  name: "find-ranks",
  source: findSource,
  parts: [isReadablePart, membersPart],
  layout: findLayout,
  failsAs: "read",
  parse: (reply) => reply as FindReply | RefusedRead,
});

const countLayout = defineLayout({
  keys: ["board", "split", "fence", "boards"],
  args: readArgs,
  item: { score: "text", member: "text" },
});
const countScript = defineScript({
  name: "count-ahead-of",
  source: countSource,
  parts: [isReadablePart, countAheadPart],
  layout: countLayout,
  failsAs: "read",
  parse: String,
});

export function createReadRank({ partitions }: Topology, redisOf: (region: string) => Redis): ReadRank {
  const bounds = { questionsMax: TARGETS_MAX, nameOf: nameOfBoard };
  const find = askTogether<RankingOnShard, string, Standing>({
    ...bounds,
    async send({ shard, board }, userIds) {
      const { region } = shard;
      const args = findLayout.toArgs(toReadArgs(partitions, board));
      args.push(...userIds);
      const keys = findLayout.toKeys(boardKeys(shard, board.ranking));
      return toFound(region, userIds, checkRead(region, await findScript(redisOf(region), keys, args)));
    },
  });
  const count = askTogether<RankingOnShard, Position, Standing>({
    ...bounds,
    async send({ shard, board }, positions) {
      const { region } = shard;
      const args = countLayout.toArgs(toReadArgs(partitions, board));
      for (const position of positions) args.push(...countLayout.toItem(position));
      const keys = countLayout.toKeys(boardKeys(shard, board.ranking));
      return toCounted(checkRead(region, await countScript(redisOf(region), keys, args)));
    },
  });
  return (shard, board, target) =>
    isPosition(target) ? count({ shard, board }, target) : find({ shard, board }, target.userId);
}

function toFound(region: string, userIds: readonly string[], [numbers, ...records]: FindReply): Standing[] {
  const [total = 0, ...befores] = numbers.split(" ").map(Number);
  return userIds.map((userId, i) => {
    const [record, before = 0] = [records[i], befores[i]];
    return record == null ? { total } : { total, before, self: toSelf(region, userId, record) };
  });
}

function toCounted(numbers: string): Standing[] {
  const [total = 0, ...befores] = numbers.split(" ").map(Number);
  return befores.map((before) => ({ total, before }));
}
