import { countOf } from "shared/base/count-of";
import { createLog } from "shared/log/log";
import { createTopology, shardsOf } from "shared/model/regions";
import { ConfigError, type Environment } from "shared/service/environment";
import { compareSplit, readSplit, type Split } from "shared/stores/split";
import { createGuard } from "../../drainer/src/guard/guard.ts";
import { unshared } from "../../drainer/src/leases/lease.ts";
import { repartition } from "../../drainer/src/repartition/repartition.ts";
import { restore } from "../../drainer/src/restore/restore.ts";
import type { Sides } from "../../drainer/src/subjects/sides.ts";
import { asTheyAre, openSides } from "../commands/open-stores.ts";
import { otherPartitions } from "./check-environment.ts";

/** What the data of all regions says about the number of partitions. */
export interface FoundPartitions {
  /** The number that Redis has or is being moved to; absent for a Redis without data. */
  partitions?: number;
  /** Whether a move to that number was interrupted. */
  isMoving: boolean;
}

/** @param splits of the regions in their order, which is the order of a move */
export function findPartitions(splits: readonly (Split | undefined)[]): FoundPartitions {
  const known = splits.filter((split) => split !== undefined);
  const [first] = known;
  if (first === undefined) return { isMoving: false };
  const partitions = known.find(({ movingTo }) => movingTo !== undefined)?.movingTo ?? first.partitions;
  return {
    partitions,
    isMoving: known.some((split) => split.movingTo !== undefined || split.partitions !== partitions),
  };
}

/**
 * Finds the number of partitions of the stack's data, so that the stack follows `lb repartition`
 * without a variable. A move that was interrupted is completed first: no service starts before.
 *
 * @param env of the commands of this stack @param asked `PARTITIONS` of the user
 * @throws ConfigError where the user asks for another number than the data has
 */
export async function settlePartitions(
  env: Environment,
  asked: string | undefined,
  report: (line: string) => void,
): Promise<string | undefined> {
  await using sides = await openSides("start", env, asTheyAre);
  const splits = await Promise.all(sides.topology.regions.map((region) => readSplit(sides.stores.of(region), region)));
  const { partitions, isMoving } = findPartitions(splits);
  if (partitions === undefined) return asked;
  if (asked !== undefined && asked !== "" && Number(asked) !== partitions) {
    throw new ConfigError([otherPartitions(asked, partitions)]);
  }
  if (isMoving) {
    report(`completing the move to ${countOf(partitions, "partition")} that was interrupted`);
    for (const [index, split] of splits.entries()) {
      const region = sides.topology.regions[index];
      const hasBegun = split === undefined || split.movingTo !== undefined || split.partitions === partitions;
      if (region !== undefined && !hasBegun) await openRegion(sides, region, split.partitions);
    }
    const moves = repartition({ ...sides, to: partitions, batchMax: sides.config.batchMax });
    for await (const { region } of moves) report(`${region} has ${countOf(partitions, "partition")}`);
  }
  return String(partitions);
}

/**
 * Opens the shards of a region on the present run of Redis. No drainer is there to do it, because
 * none starts before all regions have the same number.
 */
async function openRegion(sides: Sides, region: string, partitions: number): Promise<void> {
  const { regions, configuredBoards } = sides.topology;
  const old = { ...sides, topology: createTopology(regions, partitions, configuredBoards) };
  for (const { tag } of shardsOf(region, partitions)) {
    const open = createGuard({
      redis: sides.stores.of(region),
      database: sides.databases.of(region),
      tag,
      lease: unshared,
      restorer: {
        check: () => compareSplit(sides.stores.of(region), old.topology, region),
        restore: async (lost) => void (await restore({ ...old, only: new Set([lost]) })),
      },
      log: createLog("start", "error"),
    });
    await open();
  }
}
