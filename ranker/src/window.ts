import { arrivalsKey, boardKey, profileKeyPrefix, splitKey, updatedAtField } from "shared/keys";
import { Problem } from "shared/problems";
import { defineScript, type Redis, toRedisProblem } from "shared/redis";
import type { Shard, Topology } from "shared/regions";
import { ARRIVAL_DIGITS } from "shared/times";
import source from "./window.lua" with { type: "text" };

/** Where an entry stands in the total order: score descending, then member descending. */
export interface Position {
  score: number;
  member: string;
}

/** What a shard knows of an entry; its rank follows only from all shards of a view. */
export interface ShardEntry extends Position {
  region: string;
  name: string;
  updatedAtUs: number;
}

/** What one shard says about a position: how many stand ahead, and its neighbours in rank order. */
export interface Window {
  total: number;
  /** Absent, like `self`, when the shard was asked for a player that it does not hold. */
  before?: number;
  self?: ShardEntry;
  above: ShardEntry[];
  below: ShardEntry[];
}

/** A player to look up, or a position that was read elsewhere. */
export type Target = { userId: string } | Position;

/** The position that all entries are below. */
export const ABOVE_EVERYBODY: Position = { score: Number.POSITIVE_INFINITY, member: "" };

type RawWindow = [] | [total: number, before?: number, self?: string[], above?: string[], below?: string[]];
const windowScript = defineScript({ name: "window", source, parse: (reply) => reply as RawWindow, hasOtherKeys: true });

/**
 * Reads a target's surroundings on one shard, up to `range` entries a side.
 *
 * @throws Problem `unavailable`
 */
export async function readWindow(
  redis: Redis,
  { partitions }: Topology,
  shard: Shard,
  board: string,
  target: Target,
  range: number,
): Promise<Window> {
  const keys = [boardKey(shard, board), arrivalsKey(shard, board), splitKey(shard.tag)];
  const position = "userId" in target ? [target.userId, "", ""] : ["", formatScore(target.score), target.member];
  const args = [profileKeyPrefix(shard), updatedAtField(board), range, ...position, partitions];
  try {
    return toWindow(shard.region, await windowScript(redis, keys, args));
  } catch (error) {
    throw toRedisProblem(error, "read");
  }
}

export const userIdOf = (position: Position) => position.member.slice(ARRIVAL_DIGITS);

const formatScore = (score: number) => (score === Number.POSITIVE_INFINITY ? "+inf" : String(score));

/** The region's entries were moved to another number of partitions, or are on their way. */
export const entriesMoved = (region: string) =>
  new Problem("unavailable", `The entries of ${region} are being moved. Nothing was changed; try again.`);

function toWindow(region: string, [total, before, self, above, below]: RawWindow): Window {
  if (total === undefined) throw entriesMoved(region);
  const [entry] = toEntries(region, self);
  return {
    total,
    above: toEntries(region, above),
    below: toEntries(region, below),
    ...(before === undefined ? {} : { before }),
    ...(entry === undefined ? {} : { self: entry }),
  };
}

const VALUES_PER_ENTRY = 4;

function toEntries(region: string, flat: string[] = []): ShardEntry[] {
  const entries: ShardEntry[] = [];
  for (let i = 0; i < flat.length; i += VALUES_PER_ENTRY) {
    const [member = "", score, name, updatedAt] = flat.slice(i, i + VALUES_PER_ENTRY);
    entries.push({ member, score: Number(score), region, name: name ?? "", updatedAtUs: Number(updatedAt ?? 0) });
  }
  return entries;
}
