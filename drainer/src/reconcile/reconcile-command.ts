import type { Shard } from "shared/model/regions";
import { ConfigError, type Environment } from "shared/service/config";
import { openSides } from "../command/open-stores.ts";
import { bar, createProgress, rate } from "../command/progress.ts";
import { requireOpen } from "../guard/require-open.ts";
import { countRanked, estimateRows } from "../rows/estimate-rows.ts";
import { accountSweep, entrySweeps, type Sides } from "../subjects/subjects.ts";
import type { Drift } from "./reconcile.ts";
import { HELP, readReconcileOptions } from "./reconcile-options.ts";

const toLine = ({ tag, isRepaired, ...drift }: Drift) => JSON.stringify({ queue: tag, ...drift, repaired: isRepaired });
const describe = ({ kind, user_id, key, isRepaired, reason }: Drift) =>
  [kind.padEnd(13), user_id, key, isRepaired ? "repaired" : "", reason].filter((part) => part).join("  ");

/** `lb reconcile`: compares Redis with PostgreSQL, and repairs when told to. @returns the exit code */
export async function reconcileCommand(args: string[], env: Environment): Promise<number> {
  const options = readReconcileOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const { isFixing, asJson, region } = options;
  await using sides = await openSides("reconcile", env);
  const { regions, shards: all } = sides.topology;
  if (region !== undefined && !regions.includes(region)) {
    throw new ConfigError([`--region must be one of ${regions.join(", ")}`]);
  }
  const shards = all.filter((shard) => region === undefined || shard.region === region);
  if (isFixing) await requireOpen(sides.stores, shards);
  const progress = createProgress();
  const expected = await countLooks(sides, shards, region === undefined);
  const total = { compared: 0, moving: 0, differences: 0, repaired: 0 };
  const startedAt = performance.now();
  try {
    const sweeps = [...entrySweeps(sides, shards), ...(region === undefined ? [accountSweep(sides)] : [])];
    for (const sweep of sweeps) {
      const { compared, moving } = await sweep({
        isFixing,
        onDrift(drift) {
          total.differences++;
          if (drift.isRepaired) total.repaired++;
          process.stdout.write(`${asJson ? toLine(drift) : describe(drift)}\n`);
        },
        onPage: (counts) => {
          const looks = total.compared + counts.compared;
          progress.show(bar("looks", looks, expected, rate(looks, performance.now() - startedAt)));
        },
      });
      total.compared += compared;
      total.moving += moving;
    }
  } finally {
    progress.end();
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const left = `${total.moving} left alone because they are being written`;
  const text = `Done in ${seconds} s: ${total.differences} differences, ${total.repaired} repaired; ${left}.`;
  process.stdout.write(`${asJson ? JSON.stringify(total) : text}\n`);
  return total.differences > total.repaired ? 2 : 0;
}

/** About as many as there will be: every entry is looked at from either store, and so is every account. */
async function countLooks(sides: Sides, shards: readonly Shard[], withAccounts: boolean): Promise<number> {
  const { topology, databases } = sides;
  const counts = await Promise.all([
    ...topology.boards.map((board) => countRanked(sides, shards, board)),
    ...(withAccounts ? [estimateRows(databases.home, "accounts")] : []),
  ]);
  return 2 * counts.reduce((sum, count) => sum + count, 0);
}
