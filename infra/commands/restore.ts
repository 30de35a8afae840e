import { countOf } from "shared/base/count-of";
import { defineCommand, flag } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import { closeAll } from "../../drainer/src/guard/close-all.ts";
import { openRestored } from "../../drainer/src/guard/close-and-reopen.ts";
import { type RestoreCounts, restore } from "../../drainer/src/restore/restore.ts";
import { estimateRows } from "../../drainer/src/rows/estimate-rows.ts";
import { openSides } from "./open-stores.ts";

export const restoreCommand = defineCommand({
  name: "restore",
  about: "Rebuilds Redis from PostgreSQL, beside live traffic: what Redis holds in a later version stays.",
  usage: "./lb restore [options]",
  options: { json: flag("the counts as one JSON object") },
  notes: `
A drainer does the same by itself for a Redis that lost data, and refuses writes until then. This command does it where
no drainer runs, and opens the Redis for writes at its end. Running it again changes nothing more.
Ends with 0; with 1 where it failed, or 130 or 143 where a signal stopped it, and another run completes it.`,
  async run({ options, env }) {
    using interrupt = catchInterrupt("run ./lb restore again, which completes it");
    await using sides = await openSides("restore", env);
    const progress = createProgress();
    const { all, home } = sides.databases;
    const estimates = all.map((each) => estimateRows(each, "leaderboard"));
    estimates.push(estimateRows(home, "accounts"));
    const total = (await Promise.all(estimates)).reduce((sum, count) => sum + count, 0);
    const onProgress = ({ entries, newer, accounts, unknown }: RestoreCounts) => {
      progress.count("rows", entries + newer + accounts + unknown, total);
      interrupt.signal.throwIfAborted();
    };
    const closed = await closeAll(sides);
    const counts = await restore({ ...sides, onProgress });
    for (const { place, store } of closed) await openRestored(place, store);
    const text = `Done in ${progress.end()} s: ${describe(counts)}.`;
    process.stdout.write(`${options.json ? JSON.stringify(counts) : text}\n`);
    return 0;
  },
});

const describe = ({ entries, newer, accounts, settings, unknown }: RestoreCounts) =>
  `${countOf(entries, "entry", "entries")}, ${countOf(accounts, "account")} and ${countOf(settings, "setting")} restored; ` +
  `${countOf(newer, "entry was", "entries were")} newer in Redis, ` +
  `${countOf(unknown, "row is", "rows are")} of no configured region, or written by no service`;
