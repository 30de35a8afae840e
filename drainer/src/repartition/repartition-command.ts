import { readArguments } from "shared/base/arguments";
import { PARTITIONS_MAX } from "shared/model/regions";
import { awaitReady } from "shared/redis/redis";
import { ConfigError, type Environment } from "shared/service/config";
import type { Stores } from "shared/stores/stores";
import { openSides } from "../command/open-stores.ts";
import { bar, createProgress, rate } from "../command/progress.ts";
import { type RegionMoved, repartition } from "./repartition.ts";

const READY_TIMEOUT_MS = 5_000;

const HELP = `Moves all entries to another number of partitions. Ranks, ties and versions stay as they are.

  bun run lb repartition --to N [options]

  --to N           partitions a region, from 1 to ${PARTITIONS_MAX}
  --json           one JSON object a line: region, from, to, entries, answers, broken
  --help           shows this

One region after another is closed for writes (503, nothing is changed) from the beginning of its move until services
with PARTITIONS=N are there: restart rankers, then drainers, with it as soon as this has ended. Reads go on while entries
are copied, if N or the number before is 1, and are 503, too, from then on. Ended in the middle, it is to be run again,
with the same N. Not beside restore, import or reconcile --fix.

Ends with 0; with 2 where entries were broken, which reconcile --fix repairs; with 1 where it failed.
`;

const NOT_UNDERSTOOD = "Not understood";

interface RepartitionOptions {
  to: number;
  asJson: boolean;
}

/** @returns nothing when help was asked for @throws ConfigError */
function readOptions(args: string[]): RepartitionOptions | undefined {
  const flag = { type: "boolean" } as const;
  const options = { to: { type: "string" }, json: flag, help: { ...flag, short: "h" } } as const;
  const { values } = readArguments({ args, options }, NOT_UNDERSTOOD);
  if (values.help) return undefined;
  const to = /^\d{1,4}$/.test(values.to ?? "") ? Number(values.to) : 0;
  if (to >= 1 && to <= PARTITIONS_MAX) return { to, asJson: values.json ?? false };
  throw new ConfigError([`--to must be a whole number from 1 to ${PARTITIONS_MAX}`], NOT_UNDERSTOOD);
}

function describe({ region, from, entries, answers, broken }: RegionMoved, to: number): string {
  if (from === to) return `${region}: has ${to} already.`;
  const moved = `${entries} entries and ${answers} answers moved from ${from} to ${to}`;
  return `${region}: ${moved}.${broken === 0 ? "" : ` ${broken} were broken: bun run lb reconcile --fix`}`;
}

// The stores may be split in any way: that is what is about to change.
const awaitAnswers = async ({ all }: Stores): Promise<void> => {
  await Promise.all(all.map((redis) => awaitReady(redis, READY_TIMEOUT_MS)));
};

/** `lb repartition`: another number of partitions for the configured Redis. @returns the exit code */
export async function repartitionCommand(args: string[], env: Environment): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const { to, asJson } = options;
  await using sides = await openSides("repartition", env, awaitAnswers);
  const progress = createProgress();
  const startedAt = performance.now();
  let broken = 0;
  try {
    const moved = repartition({
      ...sides,
      to,
      batchMax: sides.config.batchMax,
      onProgress(region, { entries }, expected) {
        progress.show(bar(region, entries, expected, rate(entries, performance.now() - startedAt)));
      },
    });
    for await (const region of moved) {
      progress.end();
      broken += region.broken;
      process.stdout.write(`${asJson ? JSON.stringify({ ...region, to }) : describe(region, to)}\n`);
    }
  } finally {
    progress.end();
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (!asJson) process.stdout.write(`Done in ${seconds} s: restart rankers and drainers with PARTITIONS=${to}.\n`);
  return broken > 0 ? 2 : 0;
}
