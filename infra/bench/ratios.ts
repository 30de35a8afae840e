import { rm } from "node:fs/promises";
import { loadavg } from "node:os";
import { ConfigError } from "shared/service/config";
import { scratchDir } from "stack/scratch-dir";
import { announceWithoutNginx, nginx } from "../deploy/nginx/nginx-under-test.ts";
import { measureBytes } from "./bytes.ts";
import { measureDrain } from "./drain.ts";
import { readHost } from "./host.ts";
import { createMemoryWatch } from "./memory-watch.ts";
import { measureOnBoard } from "./on-board.ts";
import { HELP, type RatiosOptions, readRatiosOptions } from "./ratios-options.ts";
import { formatRatios, type Ratios, toRow } from "./ratios-report.ts";
import { measureRestore } from "./restore.ts";
import type { RowName } from "./rows.ts";
import { HOW_TO_GET_WRK, wrk } from "./wrk.ts";

/** `bun run bench`. @throws ConfigError for options that are not valid and for what is not installed; what a server threw */
export async function ratios(args: string[]): Promise<void> {
  const options = readRatiosOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const startedAt = performance.now();
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isInterrupted = true));
  const measured = await measureRatios(options, (text) => {
    // Whatever was started is stopped and removed on the way out.
    if (isInterrupted) throw new Error("Interrupted: nothing was measured");
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${text}\n`);
  });
  process.stdout.write(`${options.asJson ? JSON.stringify(measured) : formatRatios(measured)}\n`);
}

// What restores or drains a million takes its time, and varies less from round to round than what asks over HTTP.
const LONG_ROUNDS_MAX = 3;
const WITHOUT_WRK = new Set<RowName>(["drain", "restore", "bytes"]);

/** @param say takes what goes on, a line at a time; throws when it is to go no further */
async function measureRatios(options: RatiosOptions, say: (text: string) => void): Promise<Ratios> {
  const { asJson: _, ...settings } = options;
  const { entries, events, players } = options;
  const isWanted = (row: RowName) => options.rows.includes(row);
  if (wrk === undefined && !options.rows.every((row) => WITHOUT_WRK.has(row))) {
    throw new ConfigError([HOW_TO_GET_WRK], "Nothing was measured");
  }
  const notes: string[] = [];
  if (nginx === undefined && isWanted("proxy")) {
    const what = "no gateway was held against it";
    announceWithoutNginx(what);
    notes.push(`SKIPPED: nginx is not installed, so ${what}.`);
  }
  const at = new Date().toISOString();
  const dir = await scratchDir();
  try {
    const host = readHost(dir);
    const rounds = Math.min(options.rounds, LONG_ROUNDS_MAX);
    const memory = createMemoryWatch();
    const onRepeat = (text: string) => notes.push(`MEASURED ANEW, ${text}.`);
    const none = { rows: [], loads: [] };
    const parts = [
      await measureOnBoard({ dir, options, memory, say, onRepeat }),
      isWanted("drain") || isWanted("memory")
        ? await measureDrain({ dir, events, users: players, rounds, memory, say })
        : none,
      isWanted("restore") ? await measureRestore({ dir, entries, rounds, say }) : none,
      { rows: isWanted("bytes") ? await measureBytes(entries, say) : [], loads: [] },
      { rows: memory.rows(), loads: [] },
    ];
    const rows = parts.flatMap((part) => part.rows).filter(({ row }) => isWanted(row));
    return {
      at,
      host: { ...host, loadAfter: loadavg()[0] ?? 0 },
      options: settings,
      rows: rows.map(toRow),
      notes,
      loads: parts.flatMap((part) => part.loads),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
