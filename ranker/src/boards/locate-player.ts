import { LRUCache } from "lru-cache";
import type { MayBePartial } from "shared/api/boards";
import type { Ties } from "shared/api/fields";
import { Problem } from "shared/api/problems";
import { parseRecord } from "shared/entries/records";
import type { Topology } from "shared/model/regions";
import type { RunningSeason } from "shared/seasons/plan";
import { type Asked, askGroups, type GroupAnswers, isMissing, refuseMissing, toPartial } from "./groups/ask-groups.ts";
import { partOf, type ShardGroup } from "./groups/shard-groups.ts";
import type { Standing, Target } from "./rank/standing.ts";
import type { BoardRead, ShardEntry } from "./shard-entry.ts";

/** A read of a season on the shards of a view. */
export interface LiveRead extends BoardRead {
  view: string;
  /** The season, with its times; undefined on a board without seasons. */
  running: RunningSeason | undefined;
  /** Whether the answer may leave out regions that do not answer. */
  allowsPartial: boolean;
  ties: Ties;
}

export interface PlayerQuestion extends LiveRead {
  userId: string;
}

export interface Located<T extends Standing> {
  self: ShardEntry;
  /** Where the player's position stands on each group that answered. */
  found: GroupAnswers<T>;
  partial: MayBePartial;
}

/** The groups of a view, with what tells which of their shards hold a player. */
export interface GroupsOfView {
  topology: Topology;
  groups: readonly ShardGroup[];
  /** The regions in which players were found last. */
  homes: Homes;
}

type Homes = Pick<LRUCache<string, string>, "get" | "set">;

const HOMES_MAX = 20_000;
// Of a player whom two regions hold by mistake the older entry may be shown for so long.
const HOME_TTL_MS = 10_000;
export const createHomes = (): Homes => new LRUCache({ max: HOMES_MAX, ttl: HOME_TTL_MS });

/**
 * Finds the player on the groups of shards that may hold one, then asks every other group of the
 * view about that position. A view on one server takes one round.
 *
 * @throws Problem `not_ranked`; `region_unavailable`, in a partial answer only for the player's own
 *   region or where the player may be in a missing one
 */
export async function locatePlayer<T extends Standing>(
  { topology, groups, homes }: GroupsOfView,
  { view, board, userId, allowsPartial }: PlayerQuestion,
  read: (group: ShardGroup, target: Target) => Promise<T>,
): Promise<Located<T>> {
  const find = (asked: readonly ShardGroup[]) => askGroups(asked, (group) => read(group, { userId }));
  const mayHold = groups.filter((group) => partOf(group, topology, userId) !== undefined);
  const home = mayHold.length === 1 ? undefined : homes.get(userId);
  const likely = mayHold.filter(({ regions }) => home === undefined || regions.includes(home));
  let candidates = await find(likely);
  let holder = holderOf(candidates);
  if (holder === undefined && likely.length < mayHold.length) {
    const rest = await find(mayHold.filter((group) => !likely.includes(group)));
    candidates = { found: rest.found, missing: new Map([...candidates.missing, ...rest.missing]) };
    holder = holderOf(rest);
  }
  if (!allowsPartial) refuseMissing(candidates.missing);
  if (holder === undefined) {
    refuseMissing(candidates.missing);
    throw notRanked(view, board.id, userId);
  }
  const { group, answer, self } = holder;
  if (self.region !== home && mayHold.length > 1) homes.set(userId, self.region);
  const isOther = (each: ShardGroup) => each !== group && !isMissing(each, candidates.missing);
  const others = await askGroups(groups.filter(isOther), (each) => read(each, self));
  const missing = new Map([...candidates.missing, ...others.missing]);
  // Without the other shards of the player's own region there is no rank to speak of.
  if (!allowsPartial || missing.has(self.region)) refuseMissing(missing);
  return {
    self,
    found: [{ group, answer }, ...others.found.filter((each) => !isMissing(each.group, missing))],
    partial: toPartial(missing, allowsPartial),
  };
}

/** A player has one home. Should two shards hold an entry, the newer one counts. */
function holderOf<T extends Standing>({ found }: Asked<T>) {
  const [holder] = found
    .flatMap(({ group, answer }) => (answer.self === undefined ? [] : [{ group, answer, self: answer.self }]))
    .sort((a, b) => versionOf(b.self) - versionOf(a.self));
  return holder;
}

export const notRanked = (view: string, board: string, userId: string) =>
  new Problem("not_ranked", `${userId} has no entry on board ${board} of ${view}.`);

/** Of the entry's last write. */
export const versionOf = ({ record }: ShardEntry) => Number(parseRecord(record).updatedAt);
