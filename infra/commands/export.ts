import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { ConfigError, type Environment, wholeNumber } from "shared/service/config";
import { openSides } from "../../drainer/src/command/open-stores.ts";
import { bar, createProgress, rate } from "../../drainer/src/command/progress.ts";
import { countRanked } from "../../drainer/src/rows/estimate-rows.ts";
import { FORMATS, type Format, HEADER, toLines } from "../../drainer/src/transfer/board-file.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import { partNameOf } from "../start/replace-file.ts";
import { formatOf, readPlace } from "./options.ts";

const WAIT_SECONDS_MAX = 3_600;

const HELP = `Writes a board to a file, or to standard output: user_id, name, region, score, reached_at, updated_at.

  bun run lb export [FILE] [options]

  --board NAME      the board                 main
  --region NAME     only this region's; without it everybody's
  --format NAME     csv or ndjson; by the file's name, or else csv
  --wait SECONDS    how long the drainer may take to catch up with the beginning     60
  --json            the count as one JSON object, on standard error
  --help            shows this

Every entry that was acknowledged before it began is in it, once, beside live traffic; those of hidden players are not.
FILE appears when it is whole.
Ends with 0; with 1 where it failed.
`;

/** `lb export`. @returns the exit code */
export async function exportCommand(args: string[], env: Environment): Promise<number> {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values, positionals } = readArguments({
    args,
    allowPositionals: true,
    options: {
      board: text,
      region: text,
      format: text,
      wait: text,
      json: flag,
      help: { ...flag, short: "h" },
    } as const,
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [file, ...more] = positionals;
  const format = formatOf(values.format, file);
  const wait = wholeNumber(0, WAIT_SECONDS_MAX).safeParse(values.wait ?? "60");
  const faults = [
    ...(more.length > 0 ? ["one FILE at most"] : []),
    ...(format === undefined ? [`--format must be one of ${FORMATS.join(", ")}`] : []),
    ...(wait.success ? [] : [`--wait ${wait.error.issues[0]?.message}`]),
  ];
  if (format === undefined || faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  await using sides = await openSides("export", env);
  const { board, regions } = readPlace(sides.topology, values);
  const shards = sides.topology.shards.filter(({ region }) => regions.includes(region));
  const expected = await countRanked(sides, shards, board);
  const progress = createProgress();
  const startedAt = performance.now();
  let entries = 0;
  await writeWhole(file, format, async (write) => {
    for await (const page of exportBoard(sides, { board, regions, waitMs: (wait.data ?? 0) * 1000 })) {
      await write(toLines(format, page));
      entries += page.length;
      progress.show(bar("entries", entries, expected, rate(entries, performance.now() - startedAt)));
    }
  });
  progress.end();
  const seconds = (performance.now() - startedAt) / 1000;
  const counts = { entries, seconds: Math.round(seconds * 10) / 10 };
  process.stderr.write(
    values.json ? `${JSON.stringify(counts)}\n` : `Done in ${counts.seconds} s: ${entries} entries.\n`,
  );
  return 0;
}

type Write = (text: string) => Promise<void>;

/** A file that was not finished does not stand under its name. */
async function writeWhole(file: string | undefined, format: Format, work: (write: Write) => Promise<void>) {
  const part = file === undefined ? undefined : partNameOf(file);
  const stream = part === undefined ? process.stdout : createWriteStream(part, { flags: "wx" });
  const failed = part === undefined ? undefined : once(stream, "error").then(([error]) => Promise.reject(error));
  failed?.catch(() => {});
  const write = async (text: string) => {
    if (!stream.write(text)) await Promise.race([once(stream, "drain"), ...(failed === undefined ? [] : [failed])]);
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
