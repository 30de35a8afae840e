import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { defineCommand, flag, value } from "shared/command/define-command";
import { createProgress } from "shared/command/progress";
import { wholeNumber } from "shared/service/config";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { countRanked } from "../../drainer/src/rows/estimate-rows.ts";
import { type Format, HEADER, toLines } from "../../drainer/src/transfer/board-file.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import { partNameOf } from "../start/replace-file.ts";
import { boardOption, fileArgument, formatOf, formatOption, placeFaults, regionOption } from "./common-options.ts";
import { openSides } from "./open-stores.ts";

const WAIT_SECONDS_MAX = 3_600;
const wait = wholeNumber(0, WAIT_SECONDS_MAX).default(60);

export const exportCommand = defineCommand({
  name: "export",
  about: "Writes a board to a file, or to standard output: user_id, name, region, score, reached_at, updated_at.",
  usage: "./lb export [FILE] [options]",
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
Ends with 0; with 1 where it failed.`,
  check: (options, env) => placeFaults(loadDrainerConfig(env).topology, options),
  async run({ options, positionals: [file], env }) {
    await using sides = await openSides("export", env);
    const { board, region, format = formatOf(file) } = options;
    const regions = region === undefined ? sides.topology.regions : [region];
    const shards = sides.topology.shards.filter((shard) => regions.includes(shard.region));
    const expected = await countRanked(sides, shards, board);
    const progress = createProgress();
    let entries = 0;
    await writeWhole(file, format, async (write) => {
      for await (const page of exportBoard(sides, { board, regions, waitMs: options.wait * 1000 })) {
        await write(toLines(format, page));
        entries += page.length;
        progress.count("entries", entries, expected);
      }
    });
    const seconds = progress.end();
    const text = `Done in ${seconds} s: ${entries} entries.`;
    process.stderr.write(`${options.json ? JSON.stringify({ entries, seconds }) : text}\n`);
    return 0;
  },
});

type Write = (text: string) => Promise<void>;

/** A file that was not finished does not stand under its name. */
async function writeWhole(file: string | undefined, format: Format, work: (write: Write) => Promise<void>) {
  const part = file === undefined ? undefined : partNameOf(file);
  const stream = part === undefined ? process.stdout : createWriteStream(part, { flags: "wx" });
  const failed = part === undefined ? undefined : once(stream, "error").then(([error]) => Promise.reject(error));
  failed?.catch(() => {});
  const write = async (text: string) => {
    if (!stream.write(text)) await Promise.race([once(stream, "drain")].concat(failed ?? []));
  };
  try {
    await write(HEADER[format]);
    await work(write);
    if (part === undefined || file === undefined) return;
    await Promise.race([new Promise<void>((done) => stream.end(done)), failed]);
    await rename(part, file);
  } catch (error) {
    if (part !== undefined) await rm(part, { force: true });
    throw error;
  }
}
