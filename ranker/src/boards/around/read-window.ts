import type { Board } from "shared/model/board";
import type { Shard, Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart } from "shared/redis/scripts/parts";
import { countAheadPart, type Standing, type Target } from "../rank/standing.ts";
import {
  checkRead,
  type RawSlice,
  type RefusedRead,
  readSlicePart,
  type ShardEntry,
  toEntries,
  toSelf,
} from "../shard-entry.ts";
import source from "./window.lua" with { type: "text" };

/** Where a target stands on one shard, with its neighbours there in rank order. */
export interface Window extends Standing {
  above: ShardEntry[];
  below: ShardEntry[];
}

/** How many entries are read on each side of a target. */
export interface WindowSize {
  above: number;
  below: number;
  /** Reads more entries on one side when the other side reaches the end of the board. */
  refills?: boolean;
}

const layout = defineLayout({
  keys: ["board", "entries", "split", "fence", "boards"],
  args: {
    partitions: "text",
    boardId: "text",
    revision: "text",
    above: "number",
    below: "number",
    refills: "flag",
    userId: "text",
    score: "text",
    member: "text",
  },
});
type RawWindow =
  | [total: number]
  | [total: number, before: number, record: string | null, above: RawSlice, below: RawSlice];
const windowScript = defineScript({
  name: "window",
  source,
  parts: [isReadablePart, countAheadPart, readSlicePart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as RawWindow | RefusedRead,
});

const NO_TARGET = { userId: "", score: "", member: "" };

/**
 * Reads the window around a target on one shard.
 *
 * @throws Problem `unavailable`, StaleBoard
 */
export async function readWindow(
  redis: Redis,
  { partitions }: Topology,
  { shard, board, target, size }: { shard: Shard; board: Board; target: Target; size: WindowSize },
): Promise<Window> {
  const keys = layout.toKeys(boardKeys(shard, board.id));
  const { above, below, refills = false } = size;
  const args = layout.toArgs({
    ...NO_TARGET,
    ...target,
    partitions,
    boardId: board.id,
    revision: board.rev,
    above,
    below,
    refills,
  });
  const userId = "userId" in target ? target.userId : undefined;
  return toWindow(shard.region, userId, checkRead(shard.region, await windowScript(redis, keys, args)));
}

function toWindow(region: string, userId: string | undefined, reply: RawWindow): Window {
  const [total, before, record, above, below] = reply;
  const window: Window = { total, above: toEntries(region, above), below: toEntries(region, below) };
  if (before !== undefined) window.before = before;
  if (userId !== undefined && record != null) window.self = toSelf(region, userId, record);
  return window;
}
