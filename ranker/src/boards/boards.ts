import type { AroundView, MayBePartial, RankView, TopView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import { Problem } from "shared/api/problems";
import { toIsoTime } from "shared/base/times";
import { parseRecord } from "shared/model/records";
import { type Shard, shardsOfView, shardsThatMayHold, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { createKeepMerged } from "./keep-merged.ts";
import { estimateReach, inOrder, pickNeighbours, type Reach, reachOf } from "./neighbours.ts";
import { createReadRank } from "./ranks.ts";
import { createReadTop, type TopOfShard } from "./read-top.ts";
import {
  BEHIND_ITS_TIES,
  type Position,
  readWindow,
  type ShardEntry,
  type Standing,
  type Surroundings,
  type Target,
  userIdOf,
  type Window,
} from "./window.ts";

/**
 * Reads over the union of a view's shards, exact in the total order. A read never touches PostgreSQL.
 *
 * All throw Problem `region_unavailable` when a region of the view does not answer; with `allowsPartial` only when no
 * region does, or when the player looked for may be in one that does not.
 */
export interface Boards {
  /** The best `limit` entries: the same object as a moment ago where nothing has changed, and so nobody's to change. */
  top(view: string, board: string, limit: number, allowsPartial?: boolean): Promise<TopView>;
  /** @throws Problem `not_ranked` */
  rank(view: string, board: string, userId: string, allowsPartial?: boolean): Promise<RankView>;
  /** The player with up to `range` neighbours a side, refilled at the ends. @throws Problem `not_ranked` */
  around(view: string, board: string, userId: string, range: number, allowsPartial?: boolean): Promise<AroundView>;
  /** How many entries of the view stand ahead of a position that was just written, but for the shard that holds it. */
  countBefore(view: string, board: string, position: Position, holder: Shard): Promise<number>;
}

/** Regions that do not answer, and why. */
type Missing = ReadonlyMap<string, Problem>;
const NONE: Missing = new Map();

/** What the shards say that answer, and the regions of those that do not. */
interface Answers<T> {
  found: Found<T>;
  missing: Missing;
}

type Found<T> = readonly { shard: Shard; answer: T }[];

export function createBoards(topology: Topology, redisOf: (region: string) => Redis): Boards {
  const readRank = createReadRank(topology, redisOf);
  const readTop = createReadTop(topology, redisOf);
  const mergeTops = createKeepMerged<TopOfShard, TopView>();
  const readSurroundings = (shard: Shard, board: string, target: Target, surroundings: Surroundings) =>
    readWindow(redisOf(shard.region), topology, shard, board, target, surroundings);

  /** Finds the player, then asks every other shard about that position. */
  async function locate<T extends Standing>(
    { view, board, userId, allowsPartial }: { view: string; board: string; userId: string; allowsPartial: boolean },
    read: (shard: Shard, target: Target) => Promise<T>,
  ) {
    const shards = shardsOfView(topology, view);
    const lookup = { userId, wantsTies: shards.length > 1 };
    const candidates = await askAll(shardsThatMayHold(topology, view, userId), (shard) => read(shard, lookup));
    if (!allowsPartial) refuseMissing(candidates.missing);
    // A player has one home; should two shards hold one, the newer entry is the player's.
    const holders = candidates.found.flatMap(({ shard, answer }) =>
      answer.self === undefined ? [] : [{ shard, answer, self: answer.self }],
    );
    const holder = holders.sort((a, b) => versionOf(b.self) - versionOf(a.self))[0];
    if (holder === undefined) {
      refuseMissing(candidates.missing);
      throw notRanked(view, board, userId);
    }
    const { self, answer } = holder;
    const isOther = (shard: Shard) => shard !== holder.shard && !candidates.missing.has(shard.region);
    const sought = { ...self, ties: answer.ties ?? BEHIND_ITS_TIES };
    const others = await askAll(shards.filter(isOther), (shard) => read(shard, sought));
    const missing = new Map([...candidates.missing, ...others.missing]);
    // Without the other shards of the player's own region there is no rank to speak of.
    if (!allowsPartial || missing.has(holder.shard.region)) refuseMissing(missing);
    return {
      self,
      found: [{ shard: holder.shard, answer }, ...others.found],
      partial: toPartial(missing, allowsPartial),
    };
  }

  /** Reads again, as far as is needed, the shards that may hold more neighbours than they were first asked for. */
  async function readShort(
    board: string,
    self: ShardEntry,
    { found, short, reach }: { found: Found<Window>; short: readonly Window[]; reach: Reach },
  ): Promise<Found<Window>> {
    const isShort = ({ answer }: { answer: Window }) => short.includes(answer);
    const again = await askAll(
      found.filter(isShort).map(({ shard }) => shard),
      (shard) => {
        const holds = found.some((each) => each.shard === shard && each.answer.self !== undefined);
        const sought = { ...self, ties: BEHIND_ITS_TIES };
        return readSurroundings(shard, board, holds ? { userId: userIdOf(self), wantsTies: false } : sought, reach);
      },
    );
    refuseMissing(again.missing);
    return [...found.filter((each) => !isShort(each)), ...again.found];
  }

  return {
    async top(view, board, limit, allowsPartial = false) {
      const { found, missing } = await askAll(shardsOfView(topology, view), (shard) => readTop(shard, board, limit));
      if (!allowsPartial || found.length === 0) refuseMissing(missing);
      const tops = found.map(({ answer }) => answer);
      const name = [view, board, limit, allowsPartial, ...namesOf(missing)].join(" ");
      return mergeTops(name, tops, () => ({
        region: view,
        total: sum(tops, ({ total }) => total),
        entries: tops
          .flatMap(({ entries }) => entries)
          .sort(inOrder)
          .slice(0, limit)
          .map((entry, index) => toEntry(entry, index + 1)),
        ...toPartial(missing, allowsPartial),
      }));
    },

    async rank(view, board, userId, allowsPartial = false) {
      const [only, ...others] = shardsOfView(topology, view);
      if (only !== undefined && others.length === 0) {
        // The most frequent question of all: what the general way comes to here, without its means.
        const { self, before, total } = await readOnly(readRank(only, board, { userId, wantsTies: false }), only);
        if (self === undefined || before === undefined) throw notRanked(view, board, userId);
        return toRankView(self, 1 + before, total, toPartial(NONE, allowsPartial));
      }
      const asked = { view, board, userId, allowsPartial };
      const { self, found, partial } = await locate(asked, (shard, target) => readRank(shard, board, target));
      const { before, total } = standingOf(found);
      return toRankView(self, 1 + before, total, partial);
    },

    async around(view, board, userId, range, allowsPartial = false) {
      const asked = { view, board, userId, allowsPartial };
      const shards = shardsOfView(topology, view);
      const first = estimateReach(range, shards.length);
      const located = await locate(asked, (shard, target) =>
        readSurroundings(shard, board, target, { above: first, below: first, refills: shards.length === 1 }),
      );
      const { self, partial } = located;
      let found: Found<Window> = located.found;
      let picked = pick(found, self, range);
      if (picked.short.length > 0) {
        found = await readShort(board, self, { found, ...picked });
        picked = pick(found, self, range);
      }
      const { above, below, before, total } = picked;
      return {
        region: view,
        total,
        self: toEntry(self, 1 + before),
        around: [
          ...above.map((entry, index) => toEntry(entry, 1 + before - above.length + index)),
          ...below.map((entry, index) => toEntry(entry, 2 + before + index)),
        ],
        ...partial,
      };
    },

    async countBefore(view, board, position, holder) {
      const others = shardsOfView(topology, view).filter((shard) => shard !== holder);
      const sought = { ...position, ties: BEHIND_ITS_TIES };
      const { found, missing } = await askAll(others, (shard) => readRank(shard, board, sought));
      refuseMissing(missing);
      return sum(found, ({ answer }) => answer.before ?? 0);
    },
  };
}

/** Where a player stands over all shards. */
const standingOf = (found: Found<Standing>) => ({
  before: sum(found, ({ answer: { before = 0 } }) => before),
  total: sum(found, ({ answer }) => answer.total),
});

function pick(found: Found<Window>, self: ShardEntry, range: number) {
  const { before, total } = standingOf(found);
  const reach = reachOf(range, before, total);
  const windows = found.map(({ answer }) => answer);
  return { before, total, reach, ...pickNeighbours(windows, self, reach) };
}

/** A region with a shard that does not answer is missing whole: half of it would be neither here nor there. */
async function askAll<T>(shards: readonly Shard[], ask: (shard: Shard) => Promise<T>): Promise<Answers<T>> {
  const missing = new Map<string, Problem>();
  const answers = await Promise.all(
    shards.map(async (shard) => {
      try {
        return [{ shard, answer: await ask(shard) }];
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "unavailable") throw error;
        missing.set(shard.region, error);
        return [];
      }
    }),
  );
  return { found: answers.flat().filter(({ shard }) => !missing.has(shard.region)), missing };
}

/** The answer of the only shard of a view. */
async function readOnly<T>(answer: Promise<T>, { region }: Shard): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.code === "unavailable") refuseMissing(new Map([[region, error]]));
    throw error;
  }
}

const notRanked = (view: string, board: string, userId: string) =>
  new Problem("not_ranked", `${userId} has no entry on board ${board} of ${view}.`);

const namesOf = (missing: Missing) => [...missing.keys()].sort();

const toPartial = (missing: Missing, isAsked: boolean): MayBePartial =>
  isAsked ? { missing_regions: namesOf(missing) } : {};

/** @throws Problem `region_unavailable` when there are any */
function refuseMissing(missing: Missing): void {
  const [cause] = missing.values();
  if (cause === undefined) return;
  const names = namesOf(missing);
  const members = { missing_regions: names };
  throw new Problem("region_unavailable", `The entries of ${names.join(", ")} cannot be read now; try again.`, {
    members,
    cause,
  });
}

/**
 * The share of entries, in percent, that an entry is ahead of or level in rank with: 100 for the first, and never 0.
 * Two decimals.
 */
export function toPercentile(rank: number, total: number): number {
  return Math.round((10_000 * (total - rank + 1)) / total) / 100;
}

const sum = <T>(items: readonly T[], value: (item: T) => number) =>
  items.reduce((total, item) => total + value(item), 0);

const versionOf = ({ record }: ShardEntry) => Number(parseRecord(record).updatedAt);

function toEntry(entry: ShardEntry, rank: number): Entry {
  const { region, score } = entry;
  const { name, updatedAt } = parseRecord(entry.record);
  return { rank, user_id: userIdOf(entry), name, region, score, updated_at: toIsoTime(Number(updatedAt)) };
}

function toRankView(self: ShardEntry, rank: number, total: number, partial: MayBePartial): RankView {
  return Object.assign(toEntry(self, rank), { rank, total, percentile: toPercentile(rank, total) }, partial);
}
