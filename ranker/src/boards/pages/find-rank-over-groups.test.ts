import { describe, expect, test } from "bun:test";
import { configuredBoard } from "shared/model/board";
import { shardsOf } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { rankedIn } from "../../seasons/ranked-board.ts";
import { toGroup } from "../groups/shard-groups.ts";
import { inOrder, type Position } from "../shard-entry.ts";
import { findRank, PASSED_MAX } from "./find-rank-over-groups.ts";
import type { ReadSamples } from "./read-samples.ts";

const ENTRIES = 1_000_000;
const mixed = (n: number) => (Math.imul(n + 1, 2_654_435_761) >>> 0) / 2 ** 32;
const member = (n: number) => String(n).padStart(16, "0");

/** Where the nth entry is, and its score. */
const spreads: Record<string, (n: number, shards: number) => [shard: number, score: number]> = {
  "at random": (n, shards) => [Math.floor(mixed(n + 5) * shards), Math.floor(mixed(n) * 1e9)],
  "with scores that do not overlap": (n, shards) => [n % shards, (n % shards) * 1e7 + n],
  "with most of them on one shard": (n, shards) => [n % 500 === 0 ? n % shards : 0, Math.floor(mixed(n) * 1e9)],
  "of which each begins where another ends": (n, shards) => [Math.floor((n * shards) / ENTRIES), -n],
  "dense on each shard where the others have none": (n, shards) => {
    const block = Math.floor(Math.log2(n + 1));
    return [block % shards, 2 ** block * 1_000 + (n % 997)];
  },
};

/** Shards in memory that are read as Redis reads them. */
function simulate(name: string, count: number, samplesMax: number) {
  const lists = Array.from({ length: count }, (): Position[] => []);
  for (let n = 0; n < ENTRIES; n++) {
    const [shard = 0, score = 0] = spreads[name]?.(n, count) ?? [];
    lists[shard]?.push({ score, member: member(n) });
  }
  for (const list of lists) list.sort(inOrder);
  const countAhead = (list: readonly Position[], place: Position) => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (inOrder(place, list[middle] ?? place) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  let calls = 0;
  const readSamples: ReadSamples = async ({ group }, from, to) => {
    calls++;
    const list = lists[group.shards[0]?.partition ?? 0] ?? [];
    const [low, high] = [countAhead(list, from), countAhead(list, to)];
    const size = Math.min(samplesMax, high - low);
    const samples = Array.from({ length: size }, (_, sample) => {
      const index = low + Math.floor((sample * (high - low)) / size);
      return { ...(list[index] ?? from), index, passed: index + 1 };
    });
    return { total: list.length, away: [], shards: [{ low, high, samples }] };
  };
  const groups = shardsOf("EU", count).map((shard) => toGroup(() => ({}) as Redis, [shard]));
  const board = rankedIn(configuredBoard("main"), 0);
  return {
    async find(rank: number) {
      calls = 0;
      const found = await findRank({ groups, board, allowsPartial: false, readSamples }, rank);
      const ahead = lists.reduce((sum, list) => sum + countAhead(list, found.place), 0);
      return { ...found, ahead, rounds: calls / count };
    },
  };
}

describe.each([
  [2, 128, 3],
  [16, 128, 3],
  [64, 32, 6],
])("over %d shards, of which each gives %d samples", (count, samplesMax, roundsMax) => {
  test.each(Object.keys(spreads))(
    `a rank among 1,000,000 entries %s is found in ${roundsMax} rounds`,
    async (name) => {
      const { find } = simulate(name, count, samplesMax);
      for (const rank of [600, 7_777, 250_000, 500_000, 999_000, 999_999, 1_000_000, 5_000_000]) {
        const { ahead, least, most, rounds } = await find(rank);
        expect([ahead >= least, ahead <= most, rounds <= roundsMax]).toEqual([true, true, true]);
        const distance = Math.max(0, most - rank) + Math.max(0, Math.min(rank, ENTRIES) - least);
        expect(distance).toBeLessThanOrEqual(PASSED_MAX);
      }
    },
    60_000,
  );
});
