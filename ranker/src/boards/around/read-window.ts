import type { Ties } from "shared/api/fields";
import { askTogether } from "shared/base/gather-turn";
import { inParts } from "shared/base/in-parts";
import { placeDigitsOf } from "shared/entries/records";
import type { Topology } from "shared/model/regions";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { callGroup, nameOfRanking, partOf, type RankingOnGroup } from "../groups/shard-groups.ts";
import { groupArgs, SHARD_KEYS, shardsOfCallPart, toAway, toGroupArgs, toGroupKeys } from "../groups/shards-of-call.ts";
import { findRankPart } from "../pages/find-rank.ts";
import type { PageBehind } from "../pages/page.ts";
import { isPosition, type Standing, type Target } from "../rank/standing.ts";
import {
  type BoardRead,
  checkRead,
  type RefusedRead,
  readSlicePart,
  type ShardEntry,
  toEntries,
} from "../shard-entry.ts";
import { tiesArgs, toTiesArgs } from "../ties.ts";
import source from "./window.lua" with { type: "text" };

/** A target, or the place behind so many entries of the group. No entries above that are read. */
export type WindowTarget = Target | PageBehind;

/** Where a target stands among the entries of a group, with its neighbours there in rank order. */
export interface Window extends Standing {
  /**
   * With `ties: "shared"` how many entries of the group are better than the first of `above`, or,
   * where there is none, than the target, of which {@link PageBehind} is its first entry; else 0.
   * Absent for a player whom the group does not hold.
   */
  better?: number;
  above: ShardEntry[];
  below: ShardEntry[];
}

/** How many entries are read on each side of a target. */
export interface WindowSize {
  above: number;
  below: number;
  /** Reads more entries on one side when the other side reaches the end of the group's. */
  refills?: boolean;
}

/** Where the target of a window without neighbours stands. */
export const toStanding = (window: Window, ties: Ties): Standing =>
  ties === "shared" ? { ...window, before: window.better } : window;

/** The target alone. */
export const NO_NEIGHBOURS: WindowSize = { above: 0, below: 0 };

/** Windows of one size share a call. */
export interface WindowPlace extends RankingOnGroup, BoardRead {
  size: WindowSize;
  ties: Ties;
}

/**
 * Reads the window around a target in a group of shards. The windows of one turn of the event loop
 * share a call.
 *
 * @throws Problem `unavailable`; StaleBoard, SeasonOver, SeasonGone, SlotsApart
 */
export type ReadWindow = (place: WindowPlace, target: WindowTarget) => Promise<Window>;

const WINDOWS_MAX = 32;
// Redis serves no other call meanwhile: about 1 µs for each entry of a window, and 4 µs for each
// shard that is looked at for one.
const ENTRIES_OF_CALL_MAX = 512;
const SHARD_COSTS_ENTRIES = 4;

const layout = defineLayout({
  keys: [...SHARD_KEYS, "details"],
  args: {
    ...groupArgs,
    players: "number",
    above: "number",
    below: "number",
    refills: "flag",
    placeDigits: "number",
    withDetails: "flag",
    ...tiesArgs,
  },
  item: { score: "text", member: "text" },
});
type RawWindow = [numbers: string, ids: string, records: (string | null)[], details?: (string | null)[]] | null;
type Reply = [total: number, away: string, ...windows: RawWindow[]];
const windowScript = defineScript({
  name: "window",
  source,
  parts: [shardsOfCallPart, readSlicePart, findRankPart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as Reply | RefusedRead,
});

export function createReadWindow(topology: Topology): ReadWindow {
  const ask = askTogether<WindowPlace, WindowTarget, Window>({
    questionsMax: WINDOWS_MAX,
    nameOf: ({ size: { above, below, refills = false }, withDetails, ties, ...on }) =>
      `${nameOfRanking(on)} ${above} ${below} ${refills} ${withDetails} ${ties}`,
    async send(place, targets) {
      const { size, group } = place;
      const most = Math.floor(
        ENTRIES_OF_CALL_MAX / (size.above + size.below + 1 + SHARD_COSTS_ENTRIES * group.shards.length),
      );
      return (await inParts(targets, most, (few) => readTogether(topology, place, few))).flat();
    },
  });
  return ask;
}

async function readTogether(
  topology: Topology,
  place: WindowPlace,
  targets: readonly WindowTarget[],
): Promise<Window[]> {
  const { group, board, withDetails, size, ties } = place;
  const { above, below, refills = false } = size;
  // The script answers players first.
  const players = targets.flatMap((target) => (isPlayer(target) ? [target.userId] : []));
  const positions = targets.flatMap((target) => (isPlayer(target) ? [] : toItem(target)));
  const args = layout.toArgs({
    ...toGroupArgs(group, topology, board),
    players: players.length,
    above,
    below,
    refills,
    placeDigits: placeDigitsOf(board),
    withDetails,
    ...toTiesArgs(board, ties),
  });
  args.push(...players);
  if (group.perRegion > 1) args.push(...players.map((userId) => partOf(group, topology, userId) ?? 0));
  args.push(...positions);
  const keys = toGroupKeys(group, board, layout);
  const [total, places, ...windows] = checkRead(await callGroup(group, (redis) => windowScript(redis, keys, args)));
  const away = toAway(group, places);
  let [player, position] = [0, players.length];
  return targets.map((target) => {
    const raw = windows[isPlayer(target) ? player++ : position++] ?? null;
    return toWindow(place, { total, away }, { target, raw });
  });
}

/** An entry that was read on another server has both: it is a position here. */
const isPlayer = (target: WindowTarget): target is { userId: string } => !isPosition(target) && "userId" in target;

const toItem = (place: Exclude<WindowTarget, { userId: string }>) =>
  layout.toItem(isPosition(place) ? place : { score: "", member: place.ahead });

function toWindow(
  { group, board }: WindowPlace,
  { total, away }: Pick<Window, "total" | "away">,
  { target, raw }: { target: WindowTarget; raw: RawWindow },
): Window {
  if (raw === null) return { total, away, above: [], below: [] };
  const [numbers, ...slice] = raw;
  const [before = 0, ahead = 0, better = 0, ...holders] = numbers.split(" ").map(Number);
  const regionOf = (index: number) => group.shards[holders[index] ?? 0]?.region ?? "";
  const entries = toEntries(regionOf, board, slice);
  const above = entries.slice(0, ahead);
  const self = isPlayer(target) ? entries[ahead] : undefined;
  if (self === undefined) return { total, away, before, better, above, below: entries.slice(ahead) };
  return { total, away, before, better, above, below: entries.slice(ahead + 1), self };
}
