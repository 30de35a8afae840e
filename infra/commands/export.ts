import { defineCommand, flag, value } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import { wholeNumber } from "shared/service/config";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { countRanked } from "../../drainer/src/rows/estimate-rows.ts";
import { HEADER, toLines } from "../../drainer/src/transfer/board-file.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import { boardOption, fileArgument, formatOf, formatOption, placeFaults, regionOption } from "./common-options.ts";
import { openSides } from "./open-stores.ts";
import { writeWhole } from "./write-whole.ts";

const WAIT_SECONDS_MAX = 3_600;
const wait = wholeNumber(0, WAIT_SECONDS_MAX).default(60);

export const exportCommand = defineCommand({
  name: "export",
  about: "Writes a board to a file, or to standard output: user_id, name, region, score, reached_at, updated_at.",
  usage: "bun run lb export [FILE] [options]",
  positionals: fileArgument,
  options: {
    board: boardOption,
    region: regionOption,
    format: formatOption,
    wait: value("SECONDS", "how long the drainer may take to write what waits at the beginning", wait),
    json: flag("the count as one JSON object, on standard error"),
  },
  notes: `
Every entry that was acknowledged before the export began is in it, once, beside live traffic; those of hidden players
are not. FILE appears when it is complete.
Ends with 0; with 1 where it failed, with 130 or 143 where a signal stopped it.`,
  check: (options, env) => placeFaults(loadDrainerConfig(env).topology, options),
  async run({ options, positionals: [file], env }) {
    using interrupt = catchInterrupt("nothing was exported; run the same command again");
    const { signal } = interrupt;
    await using sides = await openSides("export", env);
    const { board, region, format = formatOf(file) } = options;
    const regions = region === undefined ? sides.topology.regions : [region];
    const shards = sides.topology.shards.filter((shard) => regions.includes(shard.region));
    const expected = await countRanked(sides, shards, board);
    const progress = createProgress();
    let entries = 0;
    try {
      await writeWhole(file, signal, async (write) => {
        await write(HEADER[format]);
        for await (const page of exportBoard(sides, { board, regions, waitMs: options.wait * 1000, signal })) {
          await write(toLines(format, page));
          entries += page.length;
          progress.count("entries", entries, expected);
        }
      });
    } finally {
      progress.end();
    }
    const seconds = progress.end();
    const text = `Done in ${seconds} s: ${entries} entries.`;
    process.stderr.write(`${options.json ? JSON.stringify({ entries, seconds }) : text}\n`);
    return 0;
  },
});
