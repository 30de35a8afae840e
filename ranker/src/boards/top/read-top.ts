import { shardsOfView, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import type { RunningSeason } from "shared/seasons/plan";
import { toSeasonFields } from "../../seasons/season-fields.ts";
import { askShards, namesOf, refuseMissing, toPartial } from "../ask-shards.ts";
import { toEntry } from "../entry-views.ts";
import { type BoardRead, inOrder } from "../shard-entry.ts";
import { readShardTop } from "./read-shard-top.ts";
import { type CachedViewTop, createTopCache, type ShardTop } from "./top-cache.ts";

export interface TopQuestion extends BoardRead {
  view: string;
  limit: number;
  /** The season, with its times; undefined on a board without seasons. */
  running: RunningSeason | undefined;
  /** Whether the answer may leave out regions that do not answer. */
  allowsPartial: boolean;
}

/** Reads a view's best entries. Merges again only where a shard of the view has changed. */
export type ReadTop = (question: TopQuestion) => Promise<CachedViewTop>;

export function createReadTop(topology: Topology, redisOf: (region: string) => Redis): ReadTop {
  const cache = createTopCache();
  return async ({ view, board, running, withDetails, limit, allowsPartial }) => {
    const { found, missing } = await askShards(shardsOfView(topology, view), (shard) =>
      readShardTop(redisOf(shard.region), cache, topology, { shard, board, withDetails, limit }),
    );
    if (!allowsPartial || found.length === 0) refuseMissing(missing);
    const parts = found.map(({ answer }) => answer);
    const season = `${running?.startsAt} ${running?.endsAt}`;
    const shown = `${board.ranking} ${board.rev} ${season} ${limit} ${withDetails}`;
    const name = `view ${view} ${shown} ${allowsPartial} ${namesOf(missing)}`;
    const cached = cache.get(name);
    if (cached?.kind === "view" && isSame(cached.parts, parts)) return cached;
    const total = parts.reduce((sum, part) => sum + part.total, 0);
    const merged = {
      region: view,
      total,
      entries: parts
        .flatMap(({ entries }) => entries)
        .sort(inOrder)
        .slice(0, limit)
        .map((entry, index) => toEntry(board, entry, index + 1, total)),
      ...toPartial(missing, allowsPartial),
      ...toSeasonFields(running),
    };
    const top: CachedViewTop = { kind: "view", parts, view: merged };
    cache.set(name, top);
    return top;
  };
}

const isSame = (a: readonly ShardTop[], b: readonly ShardTop[]) =>
  a.length === b.length && a.every((part, index) => part === b[index]);
