import { countOf } from "shared/base/count-of";
import { defineCommand, flag, value } from "shared/command/define-command";
import { catchInterrupt, Interrupted } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import { PARTITIONS_MAX } from "shared/model/regions";
import { readSplit } from "shared/stores/split";
import { z } from "zod";
import { describeMoves } from "../../drainer/src/repartition/describe-moves.ts";
import { type RegionMoved, repartition } from "../../drainer/src/repartition/repartition.ts";
import { followStack } from "./connect/follow-stack.ts";
import { asTheyAre, type OpenSides, openSides } from "./open-stores.ts";

const isPartitions = (text: unknown) =>
  /^\d{1,4}$/.test(String(text)) && Number(text) >= 1 && Number(text) <= PARTITIONS_MAX;
const partitions = z.custom<string>(isPartitions, `must be a whole number from 1 to ${PARTITIONS_MAX}`);

export const repartitionCommand = defineCommand({
  name: "repartition",
  about: "Moves all entries to another number of partitions. Ranks, ties and versions stay as they are.",
  usage: "./lb repartition --to N [options]",
  options: {
    to: value("N", `partitions a region, from 1 to ${PARTITIONS_MAX}`, partitions.transform(Number)),
    json: flag("one JSON object a line: region, from, to, entries, answers, broken"),
  },
  notes: `
One region after another is closed for writes (503, nothing is changed) from the beginning of its move until services
with PARTITIONS=N are there: restart rankers, then drainers, with it as soon as this has ended. The stack of npm start
does that by itself. Reads go on while entries are copied, if N or the number before is 1. From then on the region's
reads are 503, too, and with them those of all players (GLOBAL); other regions are read. Where it ended early, it is to be
run again with the same N: another N is refused before anything moves. Not beside restore, import or reconcile --fix.
Ends with 0; with 2 where entries were broken, which reconcile --fix repairs; with 1 where it failed.`,
  async run({ options: { to, json: asJson }, env }) {
    using interrupt = catchInterrupt(`run ./lb repartition --to ${to} again`);
    // Not the check of other commands, which refuses another number of partitions than PARTITIONS.
    await using sides = await openSides("repartition", env, asTheyAre);
    const progress = createProgress();
    let broken = 0;
    try {
      const moved = repartition({
        ...sides,
        to,
        batchMax: sides.config.batchMax,
        onProgress(region, { entries }, expected) {
          progress.count(region, entries, expected);
          interrupt.signal.throwIfAborted();
        },
      });
      for await (const region of moved) {
        progress.end();
        broken += region.broken;
        process.stdout.write(`${asJson ? JSON.stringify({ ...region, to }) : describe(region, to)}\n`);
      }
    } catch (error) {
      progress.end();
      const left = await describeLeft(sides, to);
      if (error instanceof Interrupted && left !== undefined) throw new Interrupted(error.signal, left);
      if (left !== undefined) process.stderr.write(`lb repartition: ${left}\n`);
      throw error;
    }
    const seconds = progress.end();
    const isServing = await followStack(env);
    const next = isServing ? "the stack runs with it" : `restart rankers and drainers with PARTITIONS=${to}`;
    if (!asJson) process.stdout.write(`Done in ${seconds} s: ${next}.\n`);
    return broken > 0 ? 2 : 0;
  },
});

/** What a move that ended early has left; `undefined` where it has not begun, or Redis is away. */
async function describeLeft({ topology, stores }: OpenSides, to: number): Promise<string | undefined> {
  const read = async (region: string) => [region, await readSplit(stores.of(region), region)] as const;
  const splits = await Promise.all(topology.regions.map(read)).catch(() => undefined);
  const hasBegun = splits?.some(([, split]) => (split?.movingTo ?? split?.partitions) === to);
  return splits !== undefined && hasBegun ? describeMoves(new Map(splits), to) : undefined;
}

function describe({ region, from, entries, answers, broken }: RegionMoved, to: number): string {
  if (from === to) return `${region}: has ${to} already.`;
  const moved = `${countOf(entries, "entry", "entries")} and ${countOf(answers, "answer")} moved from ${from} to ${to}`;
  const left = `${broken} ${broken === 1 ? "was" : "were"} broken: ./lb reconcile --fix`;
  return `${region}: ${moved}.${broken === 0 ? "" : ` ${left}`}`;
}
