import { formatHost, type Host } from "../harness/host.ts";
import type { LoadFigures } from "../harness/load.ts";
import type { Aim, Row, Verdict } from "../harness/row.ts";
import type { Spread } from "../harness/statistics.ts";
import { figure, formatSpread, formatTable, withUnit } from "../harness/table.ts";
import type { RatiosOptions } from "./options.ts";

/** The result, in the shape of `--json`. */
export interface Ratios {
  /** When it began, in ISO 8601. */
  at: string;
  host: Host;
  options: Omit<RatiosOptions, "json" | "svg">;
  rows: (Row & { verdict: Verdict })[];
  loads: LoadFigures[];
  /** What was left out and why, and what was measured again. */
  notes: string[];
}

export function formatRatios({ at, host, options, rows, loads, notes }: Ratios): string {
  const { rounds, seconds, connections, players, entries, writes } = options;
  const size = `${count(entries)} entries, ${count(players)} players that write, ${writes} writes/s beside reads`;
  const load = `${connections} connections, ${rounds} rounds of ${seconds} s a load, in turns`;
  const faults = rows.flatMap((row) => row.faults.map((fault) => `INVALID: ${row.what}: ${fault}.`));
  const parts = [
    `${at}, ${formatHost(host)}, one sync of the disk ${Math.round(host.syncUs)} µs.`,
    `${size}, ${load}. Median (least to greatest).`,
    formatTable(["", "ours", "yardstick", "", "ratio", "aim", ""], rows.map(toCells)),
    loads.length === 0 ? "" : formatLoads(loads),
    [...faults, ...notes].join("\n"),
    "What the rows measure, and how to read them: docs/performance.md",
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

const toCells = ({ what, ours, theirs, yardstick, ratio, aims, unit, verdict }: Row & { verdict: Verdict }) => [
  what,
  formatSpread(ours, unit),
  theirs === undefined ? "" : formatSpread(theirs, unit),
  yardstick,
  ratio === undefined ? "" : formatSpread(ratio, "×"),
  aims.map((aim) => formatAim(aim, unit)).join(", "),
  verdict === "no aim" ? "" : verdict,
];

const formatAim = ({ of, at, value }: Aim, unit: string) =>
  `${at === "least" ? "≥" : "≤"} ${withUnit(count(value), of === "ratio" ? "×" : unit)}`;

function formatLoads(loads: readonly LoadFigures[]): string {
  const processes = [...new Set(loads.flatMap(({ cpuUs }) => Object.keys(cpuUs)))];
  const medianOf = (spread: Spread | undefined) => (spread === undefined ? "" : figure(spread.median));
  const rows = loads.map(({ load, ratePerSecond, p50Ms, p99Ms, cpuUs }) => [
    load,
    formatSpread(ratePerSecond, "/s"),
    ...[p50Ms, p99Ms, ...processes.map((process) => cpuUs[process])].map(medianOf),
  ]);
  return formatTable(["load", "rate", "p50 ms", "p99 ms", ...processes.map((name) => `${name} CPU µs`)], rows);
}

const count = (value: number) => value.toLocaleString("en");
