import type { Weight } from "./growth-bytes.ts";
import type { CallCost } from "./growth-costs.ts";
import { formatTable } from "./table.ts";

/** Everything that was measured, in the shape of `--json`. */
export interface Growth {
  /** When it began, in ISO 8601. */
  at: string;
  host: Host;
  /** Of each operation on each board. */
  calls: number;
  costs: CallCost[];
  weights: Weight[];
  verdicts: Verdict[];
}

export interface Host {
  cores: number;
  cpu: string;
  /** Processes that wanted a core in the last minute before and within the timing: what else the machine did. */
  loadBefore: number;
  loadAfter: number;
  redis: string;
}

/** How much more a rank costs on the largest board than on the smallest. */
export interface Verdict {
  shards: number;
  from: number;
  to: number;
  /** Of the quiet rounds' median time, and of Redis' CPU time. */
  timeRatio: number;
  cpuRatio: number;
  holds: boolean;
}

/** What the cost of a rank may grow by, from the smallest board to the largest. */
export const RANK_GROWTH_MAX = 1.5;

export function judgeRank(costs: readonly CallCost[]): Verdict[] {
  const ranks = costs.filter(({ operation }) => operation === "rank");
  return [...Map.groupBy(ranks, ({ shards }) => shards)].flatMap(([shards, ofShards]) => {
    const [first, last] = [ofShards[0], ofShards.at(-1)];
    if (first === undefined || last === undefined) return [];
    const [timeRatio, cpuRatio] = [last.quietMs / first.quietMs, last.cpuUs / first.cpuUs];
    const holds = timeRatio <= RANK_GROWTH_MAX && cpuRatio <= RANK_GROWTH_MAX;
    return [{ shards, from: first.entries, to: last.entries, timeRatio, cpuRatio, holds }];
  });
}

export function formatGrowth({ at, host, calls, costs, weights, verdicts }: Growth): string {
  const [before, after] = [host.loadBefore.toFixed(1), host.loadAfter.toFixed(1)];
  const machine = `${host.cores} cores (${host.cpu}), load ${before} before and ${after} after the timing`;
  const lines = verdicts.map(({ shards, from, to, timeRatio, cpuRatio, holds }) => {
    const grown = `${timeRatio.toFixed(2)} × in time, ${cpuRatio.toFixed(2)} × in Redis' CPU`;
    const judged = `At most ${RANK_GROWTH_MAX} × is wanted: ${holds ? "holds" : "DOES NOT HOLD"}`;
    return `A rank on ${inShards(shards)}, from ${toSize(from)} to ${toSize(to)} entries: ${grown}. ${judged}.`;
  });
  return [
    `${at}, ${machine}, Redis ${host.redis}; ${calls} calls a figure, one after another.`,
    "Time of a call in ms, median (p99); growth in the quiet rounds",
    formatCosts(
      costs,
      ({ medianMs, p99Ms }) => `${medianMs.toFixed(2)} (${p99Ms.toFixed(2)})`,
      ({ quietMs }) => quietMs,
    ),
    "CPU time of Redis for a call in µs, all shards together (within scripts)",
    formatCosts(
      costs,
      ({ cpuUs, scriptUs }) => `${cpuUs.toFixed(0)} (${scriptUs.toFixed(0)})`,
      ({ cpuUs }) => cpuUs,
    ),
    "Bytes a player",
    formatWeights(weights),
    lines.join("\n"),
  ].join("\n\n");
}

function formatCosts(
  costs: readonly CallCost[],
  toCell: (cost: CallCost) => string,
  toGrowing: (cost: CallCost) => number,
): string {
  const byRow = Map.groupBy(costs, ({ shards, operation }) => `${operation}, ${inShards(shards)}`);
  const rows = [...byRow].map(([title, row]) => {
    const [first, last] = [row[0], row.at(-1)];
    const growth = first === undefined || last === undefined ? 1 : toGrowing(last) / toGrowing(first);
    return [title, ...row.map(toCell), `${growth.toFixed(2)} ×`];
  });
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

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const toSuperscript = (digits: number) => [...String(digits)].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");

/** `10⁴` for a power of ten, `25,000` otherwise. */
export function toSize(entries: number): string {
  const exponent = Math.round(Math.log10(entries));
  return 10 ** exponent === entries ? `10${toSuperscript(exponent)}` : entries.toLocaleString("en");
}
