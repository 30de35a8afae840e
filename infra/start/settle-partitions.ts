import { ConfigError, type Environment } from "shared/service/config";
import { readSplit, type Split } from "shared/stores/split";
import { repartition } from "../../drainer/src/repartition/repartition.ts";
import { asTheyAre, openSides } from "../commands/open-stores.ts";

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
    const repair = `start without PARTITIONS, then run ./lb repartition --to ${asked}`;
    throw new ConfigError([`PARTITIONS is ${asked}, but the kept data has ${partitions}: ${repair}`]);
  }
  if (isMoving) {
    report(`completing the move to ${partitions} partitions that was interrupted`);
    const moves = repartition({ ...sides, to: partitions, batchMax: sides.config.batchMax });
    for await (const { region } of moves) report(`${region} has ${partitions} partitions`);
  }
  return String(partitions);
}
