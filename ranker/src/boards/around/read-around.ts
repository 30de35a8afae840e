import type { AroundView } from "shared/api/boards";
import { shardsOfView, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { askShards, refuseMissing, type ShardAnswers } from "../ask-shards.ts";
import { toEntry } from "../entry-views.ts";
import { locatePlayer, type PlayerQuestion } from "../locate-player.ts";
import { sumStandings } from "../rank/standing.ts";
import type { BoardRead, ShardEntry } from "../shard-entry.ts";
import { estimateReach, pickNeighbours, type Reach, reachOf } from "./neighbours.ts";
import { readWindow, type Window } from "./read-window.ts";

type Windows = ShardAnswers<Window>;

/** Reads a player with `range` neighbours a side, over all shards of a view. */
export type ReadAround = (question: PlayerQuestion, range: number) => Promise<AroundView>;

export function createReadAround(topology: Topology, redisOf: (region: string) => Redis): ReadAround {
  /** Reads again the shards that may hold more neighbours than were read at first. */
  async function readShort(
    { board, withDetails }: BoardRead,
    self: ShardEntry,
    { found, short, reach }: { found: Windows; short: readonly Window[]; reach: Reach },
  ): Promise<Windows> {
    const isShort = ({ answer }: { answer: Window }) => short.includes(answer);
    const holder = found.find(({ answer }) => answer.self !== undefined)?.shard;
    const again = await askShards(
      found.filter(isShort).map(({ shard }) => shard),
      (shard) => {
        const target = shard === holder ? { userId: self.userId } : self;
        return readWindow(redisOf(shard.region), topology, { shard, board, withDetails, target, size: reach });
      },
    );
    refuseMissing(again.missing);
    return [...found.filter((each) => !isShort(each)), ...again.found];
  }

  return async (question, range) => {
    const { view, board, withDetails } = question;
    const shards = shardsOfView(topology, view);
    const first = estimateReach(range, shards.length);
    const size = { above: first, below: first, refills: shards.length === 1 };
    const { self, partial, ...located } = await locatePlayer(topology, question, (shard, target) =>
      readWindow(redisOf(shard.region), topology, { shard, board, withDetails, target, size }),
    );
    let found: Windows = located.found;
    let picked = pick(found, self, range);
    if (picked.short.length > 0) {
      found = await readShort(question, self, { found, ...picked });
      picked = pick(found, self, range);
    }
    const { above, below, before, total } = picked;
    return {
      region: view,
      total,
      self: toEntry(board, self, 1 + before, total),
      around: [
        ...above.map((entry, index) => toEntry(board, entry, 1 + before - above.length + index, total)),
        ...below.map((entry, index) => toEntry(board, entry, 2 + before + index, total)),
      ],
      ...partial,
    };
  };
}

function pick(found: Windows, self: ShardEntry, range: number) {
  const { before, total } = sumStandings(found);
  const reach = reachOf(range, before, total);
  const windows = found.map(({ answer }) => answer);
  return { before, total, reach, ...pickNeighbours(windows, self, reach) };
}
