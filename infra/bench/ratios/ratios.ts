import { defineCommand } from "shared/command/define-command";
import { ConfigError } from "shared/service/environment";
import { announceWithoutNginx, nginx } from "../../deploy/nginx/nginx-under-test.ts";
import { measureOnHost } from "../harness/host.ts";
import { judge, type Measured, ROW_NAMES, type RowName } from "../harness/row.ts";
import { type Run, runBench } from "../harness/run-bench.ts";
import { HOW_TO_GET_WRK, wrk } from "../load/wrk.ts";
import { plotRatios } from "../plots/plot-ratios.ts";
import { measureBoards } from "../rows/boards.ts";
import { measureBytes } from "../rows/bytes.ts";
import { measureDrain } from "../rows/drain.ts";
import { measureHttp } from "../rows/http.ts";
import { measureRestore } from "../rows/restore.ts";
import { measureSeasons } from "../rows/seasons.ts";
import { type RatiosOptions, type RowRun, ratiosOptions } from "./options.ts";
import { formatRatios, type Ratios } from "./report.ts";

/** `npm run bench`: each figure beside that of a yardstick. */
export const ratios = defineCommand({
  name: "ratios",
  about: `Compares this with what Redis, PostgreSQL, nginx and Bun can do by themselves: each figure beside that of a yardstick,
measured in turns on this machine. Starts a Redis, a PostgreSQL, the services and nginx, and removes them. wrk sends the
requests.`,
  usage: "npm run bench -- [options]",
  options: ratiosOptions,
  notes: `
All rows take some 15 minutes and 3 GB of memory. Other measurements, each with --help:

  npm run bench growth   what a call and a player cost as the board grows
  npm run bench live     how many viewers of a live board one ranker serves`,
  check: ({ players = 0, entries = players }) =>
    players > entries ? ["--players must not be more than --entries"] : [],
  run: ({ options }) => runBench(options, measureRatios, formatRatios, plotRatios),
});

/** Measurements, and the rows that need them. */
const PARTS: readonly { rows: readonly RowName[]; measure(run: RowRun): Promise<Measured> }[] = [
  {
    rows: [
      "submit",
      "bulk",
      "best",
      "rank",
      "around",
      "global",
      "many",
      "top",
      "pages",
      "proxy",
      "cpu",
      "visible",
      "mix",
      "memory",
    ],
    measure: measureHttp,
  },
  { rows: ["drain", "memory"], measure: measureDrain },
  { rows: ["restore"], measure: measureRestore },
  { rows: ["bytes"], measure: measureBytes },
  { rows: ["boards"], measure: measureBoards },
  { rows: ["seasons"], measure: measureSeasons },
];
const WITHOUT_WRK: readonly RowName[] = ["drain", "restore", "bytes", "seasons"];

async function measureRatios(options: RatiosOptions, run: Run): Promise<Ratios> {
  const { json: _, svg: _plots, ...settings } = options;
  const isWanted = (row: RowName) => options.only.includes(row);
  if (wrk === undefined && !options.only.every((row) => WITHOUT_WRK.includes(row))) {
    throw new ConfigError([HOW_TO_GET_WRK]);
  }
  const notes: string[] = [];
  if (nginx === undefined && isWanted("proxy")) {
    const what = "no gateway was compared with it";
    announceWithoutNginx(what);
    notes.push(`SKIPPED: nginx is not installed, so ${what}.`);
  }
  const at = new Date().toISOString();
  const rowRun: RowRun = { ...run, options, onRepeat: (text) => void notes.push(`REPEATED, ${text}.`) };
  const { host, result: measured } = await measureOnHost(run.dir, async () => {
    const parts: Measured[] = [];
    for (const part of PARTS) if (part.rows.some(isWanted)) parts.push(await part.measure(rowRun));
    return parts;
  });
  const all = measured.flatMap((part) => part.rows).map((row) => ({ ...row, verdict: judge(row) }));
  const rows = ROW_NAMES.filter(isWanted).flatMap((name) => all.filter(({ row }) => row === name));
  return { at, host, options: settings, rows, notes, loads: measured.flatMap(({ loads }) => loads) };
}
