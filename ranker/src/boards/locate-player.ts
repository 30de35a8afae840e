import type { MayBePartial } from "shared/api/boards";
import { Problem } from "shared/api/problems";
import { parseRecord } from "shared/entries/records";
import { type Shard, shardsOfView, shardsThatMayHold, type Topology } from "shared/model/regions";
import { askShards, refuseMissing, type ShardAnswers, toPartial } from "./ask-shards.ts";
import type { Standing, Target } from "./rank/standing.ts";
import type { BoardRead, ShardEntry } from "./shard-entry.ts";

export interface PlayerQuestion extends BoardRead {
  view: string;
  userId: string;
  /** Whether the answer may leave out regions that do not answer. */
  allowsPartial: boolean;
}

export interface Located<T extends Standing> {
  self: ShardEntry;
  /** Where the player's position stands on each shard that answered. */
  found: ShardAnswers<T>;
  partial: MayBePartial;
}

/**
 * Finds the player on the shards that may hold one, then asks every other shard of the view about
 * that position.
 *
 * @throws Problem `not_ranked`; `region_unavailable`, in a partial answer only for the player's own
 *   region or where the player may be in a missing one
 */
export async function locatePlayer<T extends Standing>(
  topology: Topology,
  { view, board, userId, allowsPartial }: PlayerQuestion,
  read: (shard: Shard, target: Target) => Promise<T>,
): Promise<Located<T>> {
  const candidates = await askShards(shardsThatMayHold(topology, view, userId), (shard) => read(shard, { userId }));
  if (!allowsPartial) refuseMissing(candidates.missing);
  // A player has one home. Should two shards hold an entry, the newer one counts.
  const [holder] = candidates.found
    .flatMap(({ shard, answer }) => (answer.self === undefined ? [] : [{ shard, answer, self: answer.self }]))
    .sort((a, b) => versionOf(b.self) - versionOf(a.self));
  if (holder === undefined) {
    refuseMissing(candidates.missing);
    throw notRanked(view, board.id, userId);
  }
  const { self, answer } = holder;
  const isOther = (shard: Shard) => shard !== holder.shard && !candidates.missing.has(shard.region);
  const others = await askShards(shardsOfView(topology, view).filter(isOther), (shard) => read(shard, self));
  const missing = new Map([...candidates.missing, ...others.missing]);
  // Without the other shards of the player's own region there is no rank to speak of.
  if (!allowsPartial || missing.has(holder.shard.region)) refuseMissing(missing);
  return {
    self,
    found: [{ shard: holder.shard, answer }, ...others.found],
    partial: toPartial(missing, allowsPartial),
  };
}

export const notRanked = (view: string, board: string, userId: string) =>
  new Problem("not_ranked", `${userId} has no entry on board ${board} of ${view}.`);

const versionOf = ({ record }: ShardEntry) => Number(parseRecord(record).updatedAt);
