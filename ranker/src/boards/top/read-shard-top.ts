import { placeDigitsOf } from "shared/entries/records";
import { nameOfBoard, type Shard, type Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart } from "shared/redis/scripts/parts";
import {
  type BoardRead,
  checkRead,
  type RawSlice,
  type RefusedRead,
  readArgs,
  readSlicePart,
  toEntries,
  toReadArgs,
} from "../shard-entry.ts";
import source from "./top.lua" with { type: "text" };
import type { ShardTop, TopCache } from "./top-cache.ts";

const NO_ENTRIES: ShardTop = { total: 0, entries: [] };

const layout = defineLayout({
  keys: ["board", "entries", "split", "clock", "fence", "boards", "details"],
  args: {
    ...readArgs,
    limit: "number",
    placeDigits: "number",
    withDetails: "flag",
    known: "text",
  },
});
type Reply = RefusedRead | [clock: string] | [clock: string, total: number, slice: RawSlice];
const topScript = defineScript({
  name: "top",
  source,
  parts: [isReadablePart, readSlicePart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as Reply,
});

export interface ShardTopQuestion extends BoardRead {
  shard: Shard;
  limit: number;
}

/**
 * Reads a shard's best `limit` entries. Every call asks the shard, which replies only its clock
 * where nothing has changed; the answer is then the same object as before. All shards without
 * entries share one.
 *
 * @throws Problem `unavailable`, StaleBoard
 */
export async function readShardTop(
  redis: Redis,
  cache: TopCache,
  { partitions }: Topology,
  { shard, board, withDetails, limit }: ShardTopQuestion,
): Promise<ShardTop> {
  const name = `shard ${nameOfBoard({ shard, board })} ${limit} ${withDetails}`;
  const start = cache.perf.now();
  const found = cache.get(name);
  const cached = found?.kind === "shard" ? found : undefined;
  const keys = layout.toKeys(boardKeys(shard, board.ranking));
  const known = cached?.clock ?? "";
  const placeDigits = placeDigitsOf(board);
  const args = layout.toArgs({
    ...toReadArgs(partitions, board),
    limit,
    placeDigits,
    withDetails,
    known,
  });
  const [clock, total, slice] = checkRead(shard.region, await topScript(redis, keys, args));
  if (cached !== undefined && total === undefined) return cached.top;
  const top =
    total === undefined || total === 0 ? NO_ENTRIES : { total, entries: toEntries(shard.region, board, slice) };
  // Without a clock the next call could not tell whether the top has changed.
  if (clock !== "") cache.set(name, { kind: "shard", clock, top }, { start });
  return top;
}
