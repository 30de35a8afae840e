import { Problem } from "shared/api/problems";
import { ARRIVAL_DIGITS } from "shared/base/times";
import { parseRecord } from "shared/model/records";
import type { Shard, Topology } from "shared/model/regions";
import { boardKey, entriesKey, fenceKey, splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineReadScript } from "../scripts/read-script.ts";
import source from "./window.lua" with { type: "text" };

/** Where an entry stands in the total order: score descending, then member descending. */
export interface Position {
  score: number;
  member: string;
}

/**
 * A guess at how many of those with the score of a position stand ahead of it, which saves a shard the search for the
 * place: `count` of `of` entries, or, below zero, all but `-1 - count`.
 */
export interface Ties {
  count: number;
  of: number;
}

/** What is known of a position that just came to be: everybody with the same score was there before. */
export const BEHIND_ITS_TIES: Ties = { count: -1, of: 1 };

/** A position that was read elsewhere. */
export interface Sought extends Position {
  ties: Ties;
}

/** What a shard knows of an entry; its rank follows only from all shards of a view. */
export interface ShardEntry extends Position {
  region: string;
  /** As it is kept: of most entries that shards answer with, nobody is shown more than the place. */
  record: string;
}

/** Where a position stands on one shard. */
export interface Standing {
  /** Entries of the shard. */
  total: number;
  /** Those strictly ahead. Absent, like `self`, when the shard was asked for a player that it does not hold. */
  before?: number;
  self?: ShardEntry;
  /** Where they were wanted. */
  ties?: Ties;
}

/** The same with the neighbours, in rank order. */
export interface Window extends Standing {
  above: ShardEntry[];
  below: ShardEntry[];
}

/** A player to look up, or a position. */
export type Target = { userId: string; wantsTies: boolean } | Sought;

/** Entries as `read-slice.lua` reads them. */
export type RawSlice = [] | [ranked: string[], records: (string | null)[]];
type RawWindow =
  | []
  | [total: number]
  | [total: number, before: number, record: string | null, ties: number | null, above: RawSlice, below: RawSlice];
const windowScript = defineReadScript({
  name: "window",
  source,
  parts: ["is-readable", "count-ahead", "read-slice", "ties-of"],
  parse: (reply) => reply as RawWindow,
});

/** What of a target's surroundings is read. */
export interface Surroundings {
  above: number;
  below: number;
  /** Whether a side that is short at an end of the board is made up for on the other: for the only shard of a view. */
  refills?: boolean;
}

/**
 * Reads a target's surroundings on one shard.
 *
 * @throws Problem `unavailable`
 */
export async function readWindow(
  redis: Redis,
  { partitions }: Topology,
  shard: Shard,
  board: string,
  target: Target,
  { above, below, refills = false }: Surroundings,
): Promise<Window> {
  const keys = [boardKey(shard, board), entriesKey(shard, board), splitKey(shard.tag), fenceKey(shard.tag)];
  const isLookup = "userId" in target;
  const what = isLookup
    ? [target.userId, target.wantsTies ? 1 : 0]
    : ["", 0, target.score, target.member, target.ties.count, target.ties.of];
  const reply = await windowScript(redis, keys, [partitions, above, below, refills ? 1 : 0, ...what]);
  return toWindow(shard.region, isLookup ? target.userId : undefined, reply);
}

export const userIdOf = (position: Position) => position.member.slice(ARRIVAL_DIGITS);

/**
 * The region's entries were moved to another number of partitions, or are on their way; or their store was restarted, and
 * is compared with PostgreSQL, or restored from it.
 */
export const entriesAway = (region: string) =>
  new Problem("unavailable", `The entries of ${region} are being moved or restored. Nothing was changed; try again.`);

function toWindow(region: string, userId: string | undefined, reply: RawWindow): Window {
  const [total, before, record, ties, above, below] = reply;
  if (total === undefined) throw entriesAway(region);
  const window: Window = { total, above: toEntries(region, above), below: toEntries(region, below) };
  if (before !== undefined) window.before = before;
  if (ties != null) window.ties = { count: ties, of: total };
  if (userId !== undefined && record != null) window.self = toSelf(region, userId, record);
  return window;
}

/** The entry of a player who was looked up, by the record alone. */
export function toSelf(region: string, userId: string, record: string): ShardEntry {
  const { arrival, score } = parseRecord(record);
  return { member: arrival + userId, score: Number(score), region, record };
}

/** An entry whose record is missing stands in the ranking all the same, without a name, until it is reconciled. */
export function toEntries(region: string, [ranked = [], records = []]: RawSlice = []): ShardEntry[] {
  return records.map((record, index) => ({
    member: ranked[2 * index] ?? "",
    score: Number(ranked[2 * index + 1]),
    region,
    record: record ?? "",
  }));
}
