import { countOf } from "shared/base/count-of";
import { defineCommand, flag } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import type { Shard } from "shared/model/regions";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { requireOpen } from "../../drainer/src/guard/require-open.ts";
import type { Drift } from "../../drainer/src/reconcile/reconcile.ts";
import { countAllRanked, estimateRows } from "../../drainer/src/rows/estimate-rows.ts";
import type { Sides } from "../../drainer/src/subjects/sides.ts";
import { entrySweeps, homeSweeps } from "../../drainer/src/subjects/subjects.ts";
import { regionFaults, regionOption } from "./common-options.ts";
import { openSides } from "./open-stores.ts";

export const reconcileCommand = defineCommand({
  name: "reconcile",
  about: "Compares Redis with PostgreSQL, player by player, and repairs where told to.",
  usage: "./lb reconcile [options]",
  options: {
    fix: flag("repairs: the newer version wins; of one version Redis, unless it contradicts itself"),
    region: regionOption,
    json: flag("one JSON object a line: each difference, and the counts at the end"),
  },
  notes: `
Runs beside live traffic, and leaves alone what still waits for PostgreSQL. Accounts are compared without --region only.
Ends with 0 when the two agree (with --fix: now agree); with 2 where differences are left; with 1 where it failed.`,
  check: (options, env) => regionFaults(loadDrainerConfig(env).topology, options),
  async run({ options: { fix: isFixing, region, json: asJson }, env }) {
    using interrupt = catchInterrupt("repairs that were made stay; run the same command again");
    await using sides = await openSides("reconcile", env);
    const shards = sides.topology.shards.filter((shard) => region === undefined || shard.region === region);
    const withAccounts = region === undefined;
    if (isFixing) await requireOpen(sides.stores, shards);
    const expected = await countLooks(sides, shards, withAccounts);
    const total = { compared: 0, moving: 0, differences: 0, repaired: 0 };
    const progress = createProgress();
    try {
      const sweeps = entrySweeps(sides, shards);
      if (withAccounts) sweeps.push(...homeSweeps(sides));
      for (const sweep of sweeps) {
        const { compared, moving } = await sweep({
          isFixing,
          onDrift(drift) {
            total.differences++;
            if (drift.isRepaired) total.repaired++;
            process.stdout.write(`${asJson ? toLine(drift) : describe(drift)}\n`);
          },
          onPage(counts) {
            interrupt.signal.throwIfAborted();
            progress.count("looks", total.compared + counts.compared, expected);
          },
        });
        total.compared += compared;
        total.moving += moving;
      }
    } finally {
      progress.end();
    }
    const left = `${total.moving} left alone because they are being written`;
    const text = `Done in ${progress.end()} s: ${countOf(total.differences, "difference")}, ${total.repaired} repaired; ${left}.`;
    process.stdout.write(`${asJson ? JSON.stringify(total) : text}\n`);
    return total.differences > total.repaired ? 2 : 0;
  },
});

const toLine = ({ tag, isRepaired, ...drift }: Drift) => JSON.stringify({ queue: tag, ...drift, repaired: isRepaired });
const describe = ({ kind, user_id, key, isRepaired, reason }: Drift) =>
  [kind.padEnd(13), user_id, key, isRepaired ? "repaired" : "", reason].filter((part) => part).join("  ");

/** About as many as there will be: every entry and every account is looked at from either store. */
async function countLooks(sides: Sides, shards: readonly Shard[], withAccounts: boolean): Promise<number> {
  const entries = await countAllRanked(sides, shards);
  return 2 * (entries + (withAccounts ? await estimateRows(sides.databases.home, "accounts") : 0));
}
