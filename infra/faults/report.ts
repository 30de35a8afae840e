import { appendFileSync, readFileSync } from "node:fs";
import type { History, Verdict } from "./history.ts";

/** One row of the table that ends a run of the fault tests. */
export interface Row {
  fault: string;
  times: number;
  writes: number;
  lost: number;
  doubled: number;
  longestOutageMs: number;
  /** Seasons that became final meanwhile; left out where none were played. */
  finals?: number | undefined;
}

/** The variable with the file that collects rows. Set by `npm run test:faults` alone. */
export const REPORT_VARIABLE = "FAULTS_REPORT";

/** Adds the outcome of a fault to the table. */
export function reportFault(
  fault: string,
  times: number,
  history: Pick<History, "writes" | "longestOutageMs">,
  { lost, doubled }: Verdict,
  finals?: number,
): void {
  const { writes, longestOutageMs } = history;
  reportRow({ fault, times, writes, lost, doubled, longestOutageMs, finals });
}

export function reportRow(row: Row): void {
  const file = process.env[REPORT_VARIABLE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

export const readReport = (file: string): Row[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

const HEAD = ["fault", "times", "writes acknowledged", "lost", "doubled", "final seasons", "longest outage"];

/** The rows as a table for a terminal. */
export function formatReport(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    ...[row.fault, row.times, row.writes, row.lost, row.doubled, row.finals ?? "-"].map(String),
    `${(row.longestOutageMs / 1000).toFixed(2)} s`,
  ]);
  const widths = HEAD.map((title, column) =>
    Math.max(...[HEAD, ...cells].map((line) => line[column]?.length ?? 0), title.length),
  );
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [format(HEAD), format(widths.map((width) => "-".repeat(width))), ...cells.map(format)].join("\n");
}
