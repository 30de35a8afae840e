import { defineCommand, flag } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import {
  explainCounts,
  type Mended,
  mendSeason,
  type RegionCounts,
  recountSeason,
} from "../../../drainer/src/archive/recount-season.ts";
import { loadDrainerConfig } from "../../../drainer/src/config.ts";
import { requireOpen } from "../../../drainer/src/guard/require-open.ts";
import { regionFaults, regionOption, requireBoard } from "../common-options.ts";
import { openSides } from "../open-stores.ts";
import { boardAndSeason } from "./season-arguments.ts";

export const recountSeasonCommand = defineCommand({
  name: "season recount",
  about: "Counts a season in both stores, and says why it is not final.",
  usage: "./lb season recount BOARD N [options]",
  positionals: boardAndSeason,
  options: {
    fix: flag("retries dead events, and copies entries that one store lacks"),
    region: regionOption,
    json: flag("one JSON object a line: each region"),
  },
  notes: `
For each shard: the entries counted at the end (- where PostgreSQL has no end), those in Redis, and the dead events of the
season. For each region: the rows in PostgreSQL, and the players erased since the season began. It changes nothing without
--fix, and no score with it. The drainer counts again by itself, and makes the season final.
Ends with 0 where nothing holds the season up; with 2 where something does; with 1 where it failed.`,
  check: (options, env) => regionFaults(loadDrainerConfig(env).topology, options),
  async run({ options: { fix, region, json }, positionals: [board, season], env }) {
    using interrupt = catchInterrupt("what was mended stays; run the same command again");
    await using sides = await openSides("season recount", env);
    await requireBoard(sides, board);
    const regions = region === undefined ? sides.topology.regions : [region];
    if (fix)
      await requireOpen(
        sides.stores,
        sides.topology.shards.filter((shard) => regions.includes(shard.region)),
      );
    let isHeldUp = false;
    for (const each of regions) {
      interrupt.signal.throwIfAborted();
      let counts = await recountSeason(sides, { board, season }, each);
      const mended = fix ? await mendSeason(sides, { board, season }, counts) : undefined;
      if (mended !== undefined) counts = await recountSeason(sides, { board, season }, each);
      const faults = explainCounts(counts);
      isHeldUp ||= faults.length > 0;
      process.stdout.write(
        json ? `${JSON.stringify({ ...counts, faults, ...mended })}\n` : describe(counts, faults, mended),
      );
    }
    return isHeldUp ? 2 : 0;
  },
});

function describe(counts: RegionCounts, faults: readonly string[], mended: Mended | undefined): string {
  const { region, state, stored, erased, shards } = counts;
  const lines = [
    `${region}  ${state}: ${stored} in PostgreSQL, ${erased} players erased since it began`,
    ...shards.map(
      ({ tag, counted, present, dead }) =>
        `  ${tag.padEnd(8)} ${counted ?? "-"} at the end, ${present} in Redis, ${dead} dead`,
    ),
    ...faults.map((fault) => `  ${fault}`),
  ];
  if (mended !== undefined) lines.push(`  ${mended.retried} dead events retried, ${mended.repaired} entries copied`);
  return `${lines.join("\n")}\n`;
}
