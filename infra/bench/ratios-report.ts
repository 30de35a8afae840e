import type { LoadFigures } from "./load-figures.ts";
import type { RatiosOptions } from "./ratios-options.ts";
import { type Aim, judge, type Row, type Verdict } from "./rows.ts";
import type { Spread } from "./spread.ts";
import { formatTable } from "./table.ts";

/** Everything that was measured, in the shape of `--json`. */
export interface Ratios {
  /** When it began, in ISO 8601. */
  at: string;
  host: RatiosHost;
  options: Omit<RatiosOptions, "asJson">;
  rows: (Row & { verdict: Verdict })[];
  loads: LoadFigures[];
  /** What was left out and why; what had to be measured anew. */
  notes: string[];
}

export interface RatiosHost {
  cores: number;
  cpu: string;
  /** Processes that wanted a core in the minute before the beginning and before the end. */
  loadBefore: number;
  loadAfter: number;
  /** What the disk takes to sync 4 KiB behind one another: the least that a lone write costs. */
  syncUs: number;
  versions: Record<string, string>;
}

export const toRow = (row: Row) => ({ ...row, verdict: judge(row) });

export function formatRatios({ at, host, options, rows, loads, notes }: Ratios): string {
  const machine = `${host.cores} cores (${host.cpu}), load ${host.loadBefore.toFixed(1)} before and ${host.loadAfter.toFixed(1)} after`;
  const versions = Object.entries(host.versions).map(([name, version]) => `${name} ${version}`);
  const { rounds, seconds, connections, players, entries, writes } = options;
  const size = `${count(entries)} entries, ${count(players)} players who write`;
  return [
    `${at}, ${machine}; ${versions.join(", ")}.`,
    `${size}, ${connections} connections, ${rounds} rounds of ${seconds} s a load, all taking turns. Median (least to greatest).`,
    formatTable(
      ["", "ours", "yardstick", "", "ratio", "aim", ""],
      rows.map((row) => [
        row.what,
        formatSpread(row.ours, row.unit),
        row.theirs === undefined ? "" : formatSpread(row.theirs, row.unit),
        row.yardstick,
        row.ratio === undefined ? "" : formatSpread(row.ratio, "×"),
        row.aims.map((aim) => formatAim(aim, aim.of === "ratio" ? "×" : row.unit)).join(", "),
        row.verdict === "told" ? "" : row.verdict,
      ]),
    ),
    ...(loads.length === 0 ? [] : [formatLoads(loads)]),
    [...rows.flatMap(({ what, faults }) => faults.map((fault) => `INVALID: ${what}: ${fault}.`)), ...notes].join("\n"),
    toRemarks(host, writes),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

const toRemarks = ({ cores, syncUs }: RatiosHost, writes: number) =>
  [
    "Redis runs as it is shipped (infra/deploy/redis): on the disk before a write is acknowledged (appendfsync always); only the",
    `rewriting of its file in the background is off. A sync takes this disk ${Math.round(syncUs)} µs. Services run with the defaults of`,
    "production, the log of every request among them; limits and tokens are checked with each request, and never refuse.",
    `Of these ${cores} cores a yardstick has all to itself and its load generator; a ranker shares them with Redis and wrk, and a`,
    "gateway with all three. CPU time for one request is the steadier figure where cores are few or shared.",
    ...(writes > 0 ? [`Beside reads ${writes} submits a second go to the board.`] : []),
  ].join("\n");

function formatLoads(loads: readonly LoadFigures[]): string {
  const processes = [...new Set(loads.flatMap(({ cpuUs }) => Object.keys(cpuUs)))];
  const medianOf = (spread: Spread | undefined) => (spread === undefined ? "" : figure(spread.median));
  const rows = loads.map(({ load, ratePerSecond, p50Ms, p99Ms, cpuUs }) => [
    load,
    formatSpread(ratePerSecond, "/s"),
    medianOf(p50Ms),
    medianOf(p99Ms),
    ...processes.map((process) => medianOf(cpuUs[process])),
  ]);
  return formatTable(["load", "rate", "p50 ms", "p99 ms", ...processes.map((name) => `${name} CPU µs`)], rows);
}

const count = (value: number) => value.toLocaleString("en");

const DIGITS = 3;
/** Three digits at least, and all of those before the point. */
export const figure = (value: number) =>
  Math.abs(value) >= 10 ** (DIGITS - 1)
    ? value.toLocaleString("en", { maximumFractionDigits: 0 })
    : Number(value.toPrecision(DIGITS)).toString();

export function formatSpread({ median, least, greatest }: Spread, unit: string): string {
  const ends = least === greatest ? "" : ` (${figure(least)} to ${figure(greatest)})`;
  return `${figure(median)}${unit.startsWith("/") ? "" : " "}${unit}${ends}`;
}

const formatAim = ({ at, value }: Aim, unit: string) =>
  `${at === "least" ? "≥" : "≤"} ${count(value)}${unit.startsWith("/") ? "" : " "}${unit}`;
