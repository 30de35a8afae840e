import { placeDigitsOf } from "shared/entries/records";
import type { Shard, Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart } from "shared/redis/scripts/parts";
import { countAheadPart, isPosition, type Standing, type Target } from "../rank/standing.ts";
import {
  type BoardRead,
  checkRead,
  type RawSlice,
  type RefusedRead,
  readArgs,
  readSlicePart,
  type ShardEntry,
  toEntries,
  toReadArgs,
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

export interface WindowQuestion extends BoardRead {
  shard: Shard;
  target: Target;
  size: WindowSize;
}

const layout = defineLayout({
  keys: ["board", "entries", "split", "fence", "boards", "details"],
  args: {
    ...readArgs,
    above: "number",
    below: "number",
    refills: "flag",
    placeDigits: "number",
    withDetails: "flag",
    userId: "text",
    score: "text",
    member: "text",
  },
});
type RawWindow =
  | [total: number]
  | [total: number, before: number, record: string | null, above: RawSlice, below: RawSlice, details?: string | null];
const windowScript = defineScript({
  name: "window",
  source,
  parts: [isReadablePart, countAheadPart, readSlicePart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as RawWindow | RefusedRead,
});

const toTarget = (target: Target) =>
  isPosition(target)
    ? { userId: "", score: target.score, member: target.member }
    : { userId: target.userId, score: "", member: "" };

/**
 * Reads the window around a target on one shard.
 *
 * @throws Problem `unavailable`, StaleBoard
 */
export async function readWindow(redis: Redis, { partitions }: Topology, question: WindowQuestion): Promise<Window> {
  const { shard, board, withDetails, target, size } = question;
  const keys = layout.toKeys(boardKeys(shard, board.ranking));
  const { above, below, refills = false } = size;
  const args = layout.toArgs({
    ...toTarget(target),
    ...toReadArgs(partitions, board),
    above,
    below,
    refills,
    placeDigits: placeDigitsOf(board),
    withDetails,
  });
  return toWindow(question, checkRead(shard.region, await windowScript(redis, keys, args)));
}

function toWindow({ shard, board, withDetails, target }: WindowQuestion, reply: RawWindow): Window {
  const [total, before, record, above, below, details] = reply;
  const { region } = shard;
  const window: Window = { total, above: toEntries(region, board, above), below: toEntries(region, board, below) };
  if (before !== undefined) window.before = before;
  if (!isPosition(target) && record != null) {
    window.self = toSelf(region, target.userId, record);
    if (withDetails) window.self.details = details ?? null;
  }
  return window;
}
