import type { Topology } from "shared/model/regions";
import { toSeasonFields } from "../../seasons/season-fields.ts";
import { toEntry } from "../entry-views.ts";
import { askGroups, namesOf, refuseMissing, toPartial } from "../groups/ask-groups.ts";
import type { ShardGroup } from "../groups/shard-groups.ts";
import type { LiveRead } from "../locate-player.ts";
import { inOrder } from "../shard-entry.ts";
import { shareRanks } from "../ties.ts";
import { createReadGroupTop } from "./read-group-top.ts";
import { type CachedList, type CachedViewTop, createTopCache, type ShardTop } from "./top-cache.ts";

export interface TopQuestion extends LiveRead {
  limit: number;
}

/**
 * Reads a view's best entries. Merges again only where a shard of the view has changed: what was
 * merged for one limit answers all smaller ones.
 */
export type ReadTop = (groups: readonly ShardGroup[], question: TopQuestion) => Promise<CachedViewTop>;

export function createReadTop(topology: Topology): ReadTop {
  const cache = createTopCache();
  const readGroupTop = createReadGroupTop(topology, cache);
  let editions = 0;

  /** @param name of the list in the cache */
  function listOf(name: string, parts: readonly ShardTop[], { board, limit }: TopQuestion): CachedList {
    const cached = cache.get(name);
    const known = cached?.kind === "list" && isSame(cached.parts, parts) ? cached : undefined;
    const total = totalOf(parts);
    if (known !== undefined && known.entries.length >= Math.min(limit, total)) return known;
    const places = parts
      .flatMap((part) => part.entries.slice(0, limit))
      .sort(inOrder)
      .slice(0, limit);
    const entries = places.map((entry, index) => toEntry(board, entry, index + 1, total));
    const list: CachedList = { kind: "list", parts, entries, places, edition: known?.edition ?? ++editions };
    cache.set(name, list);
    return list;
  }

  return async (groups, question) => {
    const { view, board, running, withDetails, limit, allowsPartial, ties } = question;
    const { found, missing } = await askGroups(groups, (group) => readGroupTop({ group, board, withDetails }, limit));
    if (!allowsPartial || found.length === 0) refuseMissing(missing);
    const parts = found.flatMap(({ answer }) => answer.parts);
    const season = `${running?.startsAt} ${running?.endsAt}`;
    const shown = `${view} ${board.ranking} ${board.rev} ${season} ${withDetails} ${allowsPartial} ${namesOf(missing)}`;
    const list = listOf(`list ${shown}`, parts, question);
    const name = `view ${limit} ${ties} ${shown}`;
    const cached = cache.get(name);
    if (cached?.kind === "view" && cached.edition === list.edition) return cached;
    const total = totalOf(parts);
    const entries = list.entries.slice(0, limit);
    const cut = {
      region: view,
      total,
      entries: ties === "shared" ? shareRanks(board, entries, { first: 1, total }) : entries,
      ...toPartial(missing, allowsPartial),
      ...toSeasonFields(running),
    };
    const ends = {
      last: list.places[cut.entries.length - 1],
      hasEntriesAhead: false,
      hasEntriesBehind: cut.entries.length < total,
    };
    const top: CachedViewTop = { kind: "view", edition: list.edition, view: cut, ends };
    cache.set(name, top);
    return top;
  };
}

const totalOf = (parts: readonly ShardTop[]) => parts.reduce((sum, part) => sum + part.total, 0);

const isSame = (a: readonly ShardTop[], b: readonly ShardTop[]) =>
  a.length === b.length && a.every((part, index) => part === b[index]);
