import { formatHost, type Host } from "../harness/host.ts";
import { formatTable, toSize } from "../harness/table.ts";
import type { CallCost } from "./costs.ts";

/** The bytes that one player takes in a store, on a board of some size. */
export interface Weight {
  what: string;
  entries: number;
  bytes: number;
}

/** The result, in the shape of `--json`. */
export interface Growth {
  /** When it began, in ISO 8601. */
  at: string;
  /** While the calls were timed. */
  host: Host;
  /** Of each operation on each board. */
  calls: number;
  costs: CallCost[];
  weights: Weight[];
  verdicts: Verdict[];
}

/** How much more a rank costs on the largest board than on the smallest. */
export interface Verdict {
  shards: number;
  from: number;
  to: number;
  /** Of the median time in quiet rounds, and of the CPU time of Redis. */
  timeRatio: number;
  cpuRatio: number;
  holds: boolean;
}

/** The most that the cost of a rank may grow by, from the smallest board to the largest. */
const RANK_GROWTH_MAX = 1.5;

/**
 * Compares the ranks on the largest board with those on the smallest, for each number of shards.
 */
export function judgeRank(costs: readonly CallCost[]): Verdict[] {
  const ranks = costs.filter(({ operation }) => operation === "rank");
  return [...Map.groupBy(ranks, ({ shards }) => shards)].map(([shards, ofShards]) => {
    const timeRatio = growthOf(ofShards.map(({ quietMs }) => quietMs));
    const cpuRatio = growthOf(ofShards.map(({ cpuUs }) => cpuUs));
    const [from = 0, to = 0] = [ofShards[0]?.entries, ofShards.at(-1)?.entries];
    return { shards, from, to, timeRatio, cpuRatio, holds: Math.max(timeRatio, cpuRatio) <= RANK_GROWTH_MAX };
  });
}

export function formatGrowth({ at, host, calls, costs, weights, verdicts }: Growth): string {
  const byCall = Map.groupBy(costs, ({ shards, operation }) => `${operation}, ${inShards(shards)}`);
  const byWeight = Map.groupBy(weights, ({ what }) => what);
  const sizes = [...new Set(costs.map(({ entries }) => toSize(entries)))];
  const formatCosts = (toCells: (ofCall: CallCost[]) => string[]) =>
    formatTable(
      ["entries", ...sizes, "growth"],
      [...byCall].map(([title, ofCall]) => [title, ...toCells(ofCall)]),
    );
  const sentences = verdicts.map(({ shards, from, to, timeRatio, cpuRatio, holds }) => {
    const grown = `${toTimes(timeRatio)} in time, ${toTimes(cpuRatio)} in Redis' CPU`;
    const judged = `The limit is ${RANK_GROWTH_MAX} ×: ${holds ? "holds" : "DOES NOT HOLD"}`;
    return `A rank on ${inShards(shards)}, from ${toSize(from)} to ${toSize(to)} entries: ${grown}. ${judged}.`;
  });
  return [
    `${at}, ${formatHost(host)}; ${calls} calls a figure, one after another.`,
    "Time of a call in ms, median (p99); growth in the quiet rounds",
    formatCosts((ofCall) => [
      ...ofCall.map(({ medianMs, p99Ms }) => `${medianMs.toFixed(2)} (${p99Ms.toFixed(2)})`),
      toTimes(growthOf(ofCall.map(({ quietMs }) => quietMs))),
    ]),
    "CPU time of Redis for a call in µs, all shards together (within scripts)",
    formatCosts((ofCall) => [
      ...ofCall.map(({ cpuUs, scriptUs }) => `${cpuUs.toFixed(0)} (${scriptUs.toFixed(0)})`),
      toTimes(growthOf(ofCall.map(({ cpuUs }) => cpuUs))),
    ]),
    "Bytes a player",
    formatTable(
      ["entries", ...sizes],
      [...byWeight].map(([what, of]) => [what, ...of.map(({ bytes }) => bytes.toFixed(0))]),
    ),
    sentences.join("\n"),
  ].join("\n\n");
}

const toTimes = (ratio: number) => `${ratio.toFixed(2)} ×`;

/** The figure on the largest board over that on the smallest. */
const growthOf = (figures: readonly number[]) => (figures.at(-1) ?? Number.NaN) / (figures[0] ?? Number.NaN);

/** `1 shard`, `16 shards`. */
export const inShards = (shards: number) => (shards === 1 ? "1 shard" : `${shards} shards`);
