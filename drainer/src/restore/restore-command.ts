import { readArguments } from "shared/base/arguments";
import type { Environment } from "shared/service/config";
import { openSides } from "../command/open-stores.ts";
import { bar, createProgress, rate } from "../command/progress.ts";
import { closeAll } from "../guard/close-all.ts";
import { openRestored } from "../guard/lost-store.ts";
import { estimateRows } from "../rows/estimate-rows.ts";
import { type RestoreCounts, restore } from "./restore.ts";

const HELP = `Rebuilds Redis from PostgreSQL, beside live traffic: whatever Redis holds in a later version stays.

  bun run lb restore [options]

  --json     the counts as one JSON object
  --help     shows this

A drainer does the same by itself for a Redis that lost data, and lets nothing be written until then. This does it where no
drainer runs, and opens the Redis for writes at its end. Running it again changes nothing more. Ends with 0; with 1 where it failed, and another run completes it.
`;

const describe = ({ entries, newer, accounts, unknown }: RestoreCounts) =>
  `${entries} entries and ${accounts} accounts restored; ${newer} entries were newer in Redis, ` +
  `${unknown} rows are of no configured region or board`;

/** `lb restore`: rebuilds the configured Redis from the configured PostgreSQL. @returns the exit code */
export async function restoreCommand(args: string[], env: Environment): Promise<number> {
  const { help = false, json = false } = parse(args);
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  await using sides = await openSides("restore", env);
  const progress = createProgress();
  const startedAt = performance.now();
  const { all, home } = sides.databases;
  const counted = await Promise.all([
    ...all.map((each) => estimateRows(each, "leaderboard")),
    estimateRows(home, "accounts"),
  ]);
  const total = counted.reduce((sum, count) => sum + count, 0);
  const onProgress = ({ entries, newer, accounts, unknown }: RestoreCounts) => {
    const rows = entries + newer + accounts + unknown;
    progress.show(bar("rows", rows, total, rate(rows, performance.now() - startedAt)));
  };
  const closed = await closeAll(sides);
  const counts = await restore({ ...sides, onProgress });
  for (const { place, store } of closed) await openRestored(place, store);
  progress.end();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(json ? `${JSON.stringify(counts)}\n` : `Done in ${seconds} s: ${describe(counts)}.\n`);
  return 0;
}

function parse(args: string[]) {
  const flag = { type: "boolean" } as const;
  return readArguments({ args, options: { json: flag, help: { ...flag, short: "h" } } }).values;
}
