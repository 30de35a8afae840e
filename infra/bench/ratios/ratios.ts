import { ConfigError } from "shared/service/config";
import { announceWithoutNginx, nginx } from "../../deploy/nginx/nginx-under-test.ts";
import { measureOnHost } from "../harness/host.ts";
import { judge, type Measured, ROW_NAMES, type RowName } from "../harness/row.ts";
import { type Run, runBench } from "../harness/run-bench.ts";
import { HOW_TO_GET_WRK, wrk } from "../load/wrk.ts";
import { measureBytes } from "../rows/bytes.ts";
import { measureDrain } from "../rows/drain.ts";
import { measureHttp } from "../rows/http.ts";
import { measureRestore } from "../rows/restore.ts";
import { HELP, type RatiosOptions, type RowRun, ratiosFields } from "./options.ts";
import { formatRatios, type Ratios } from "./report.ts";

/** `bun run bench`. @throws ConfigError for invalid options and without wrk; what a server threw */
export const ratios = (args: string[]) =>
  runBench({ help: HELP, fields: ratiosFields, measure: measureRatios, format: formatRatios }, args);

/** Measurements, and the rows that need them. */
const PARTS: readonly { rows: readonly RowName[]; measure(run: RowRun): Promise<Measured> }[] = [
  { rows: ["submit", "rank", "top", "proxy", "cpu", "visible", "memory"], measure: measureHttp },
  { rows: ["drain", "memory"], measure: (run) => measureDrain(withFewRounds(run)) },
  { rows: ["restore"], measure: (run) => measureRestore(withFewRounds(run)) },
  { rows: ["bytes"], measure: measureBytes },
];

// Draining and restoring take long, and vary less from round to round than HTTP does.
const LONG_ROUNDS_MAX = 3;

const withFewRounds = (run: RowRun): RowRun => ({
  ...run,
  options: { ...run.options, rounds: Math.min(run.options.rounds, LONG_ROUNDS_MAX) },
});

const WITHOUT_WRK: readonly RowName[] = ["drain", "restore", "bytes"];

async function measureRatios(options: RatiosOptions, run: Run): Promise<Ratios> {
  const { json: _, ...settings } = options;
  const isWanted = (row: RowName) => options.only.includes(row);
  if (wrk === undefined && !options.only.every((row) => WITHOUT_WRK.includes(row))) {
    throw new ConfigError([HOW_TO_GET_WRK], "Nothing was measured");
  }
  const notes: string[] = [];
  if (nginx === undefined && isWanted("proxy")) {
    const what = "no gateway was compared with it";
    announceWithoutNginx(what);
    notes.push(`SKIPPED: nginx is not installed, so ${what}.`);
  }
  const at = new Date().toISOString();
  const rowRun = { ...run, options, repeat: (text: string) => void notes.push(`REPEATED, ${text}.`) };
  const { host, result: measured } = await measureOnHost(run.dir, async () => {
    const parts: Measured[] = [];
    for (const part of PARTS) if (part.rows.some(isWanted)) parts.push(await part.measure(rowRun));
    return parts;
  });
  const rows = measured.flatMap((part) => part.rows).map((row) => ({ ...row, verdict: judge(row) }));
  return {
    at,
    host,
    options: settings,
    rows: ROW_NAMES.filter(isWanted).flatMap((name) => rows.filter(({ row }) => row === name)),
    notes,
    loads: measured.flatMap((part) => part.loads),
  };
}
