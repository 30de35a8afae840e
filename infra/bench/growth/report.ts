import { formatMachine, formatVersions, type Host } from "../harness/host.ts";
import { formatTable, toSize } from "../harness/table.ts";
import type { Weight } from "../stage/weigh.ts";
import type { CallCost } from "./costs.ts";

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
export const RANK_GROWTH_MAX = 1.5;

export function judgeRank(costs: readonly CallCost[]): Verdict[] {
  const ranks = costs.filter(({ operation }) => operation === "rank");
  return [...Map.groupBy(ranks, ({ shards }) => shards)].map(([shards, ofShards]) => {
    const timeRatio = growthOf(ofShards, ({ quietMs }) => quietMs);
    const cpuRatio = growthOf(ofShards, ({ cpuUs }) => cpuUs);
    const [from = 0, to = 0] = [ofShards[0]?.entries, ofShards.at(-1)?.entries];
    return { shards, from, to, timeRatio, cpuRatio, holds: Math.max(timeRatio, cpuRatio) <= RANK_GROWTH_MAX };
  });
}

export function formatGrowth({ at, host, calls, costs, weights, verdicts }: Growth): string {
  const sentences = verdicts.map(({ shards, from, to, timeRatio, cpuRatio, holds }) => {
    const grown = `${timeRatio.toFixed(2)} × in time, ${cpuRatio.toFixed(2)} × in Redis' CPU`;
    const judged = `The limit is ${RANK_GROWTH_MAX} ×: ${holds ? "holds" : "DOES NOT HOLD"}`;
    return `A rank on ${inShards(shards)}, from ${toSize(from)} to ${toSize(to)} entries: ${grown}. ${judged}.`;
  });
  return [
    `${at}, ${formatMachine(host)}, ${formatVersions(host)}; ${calls} calls a figure, one after another.`,
    "Time of a call in ms, median (p99); growth in the quiet rounds",
    formatCosts(costs, {
      toCell: ({ medianMs, p99Ms }) => `${medianMs.toFixed(2)} (${p99Ms.toFixed(2)})`,
      toGrowing: ({ quietMs }) => quietMs,
    }),
    "CPU time of Redis for a call in µs, all shards together (within scripts)",
    formatCosts(costs, {
      toCell: ({ cpuUs, scriptUs }) => `${cpuUs.toFixed(0)} (${scriptUs.toFixed(0)})`,
      toGrowing: ({ cpuUs }) => cpuUs,
    }),
    "Bytes a player",
    formatWeights(weights),
    sentences.join("\n"),
  ].join("\n\n");
}

type ToFigure = (cost: CallCost) => number;

/** The figure on the largest board over that on the smallest. */
function growthOf(costs: readonly CallCost[], toFigure: ToFigure): number {
  const figures = costs.map(toFigure);
  return (figures.at(-1) ?? Number.NaN) / (figures[0] ?? Number.NaN);
}

function formatCosts(
  costs: readonly CallCost[],
  { toCell, toGrowing }: { toCell: (cost: CallCost) => string; toGrowing: ToFigure },
): string {
  const byRow = Map.groupBy(costs, ({ shards, operation }) => `${operation}, ${inShards(shards)}`);
  const rows = [...byRow].map(([title, row]) => [
    title,
    ...row.map(toCell),
    `${growthOf(row, toGrowing).toFixed(2)} ×`,
  ]);
  return formatTable(["entries", ...sizesOf(costs), "growth"], rows);
}

function formatWeights(weights: readonly Weight[]): string {
  const byRow = Map.groupBy(weights, ({ what }) => what);
  const rows = [...byRow].map(([what, row]) => [what, ...row.map(({ bytes }) => bytes.toFixed(0))]);
  return formatTable(["entries", ...sizesOf(weights)], rows);
}

const sizesOf = (items: readonly { entries: number }[]) =>
  [...new Set(items.map(({ entries }) => entries))].map(toSize);

const inShards = (shards: number) => (shards === 1 ? "1 shard" : `${shards} shards`);
