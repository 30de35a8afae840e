import { countOf } from "../base/count-of.ts";
import { PARTITIONS_MAX, shardsOf, type Topology } from "../model/regions.ts";
import { clockKey, splitKey } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { UnfitStore } from "./unfit-store.ts";

/**
 * The number of partitions of a region's entries, stored beside them. A process with another number
 * would look for players on the wrong shards, and split the board in two.
 *
 *     4               the present number
 *     1>4 checking    the move may still be given up: no writes; nothing has been copied
 *     1>4 copying     entries are being moved: no writes; the old shards are whole and may be read
 *     1>4 moving      entries are being moved: no writes and no reads
 */
export interface Split {
  partitions: number;
  /** The new number, while entries are being moved. */
  movingTo?: number;
  isReadable: boolean;
  /** While it may still be given up: then entries may be read. */
  isChecking?: boolean;
}

const SPLIT = /^(\d{1,4})(?:>(\d{1,4}) (checking|copying|moving))?$/;

/**
 * @returns `undefined` for a Redis that was never used or was emptied.
 *
 * @throws UnfitStore for a malformed split
 */
export async function readSplit(redis: Redis, region: string): Promise<Split | undefined> {
  const text = await redis.get(splitKey(region));
  if (text === null) return undefined;
  const [, partitions, movingTo, phase] = SPLIT.exec(text) ?? [];
  if (partitions === undefined)
    throw new UnfitStore(`${splitKey(region)} in Redis holds "${text}", which is no split.`);
  const split: Split = { partitions: Number(partitions), isReadable: phase !== "moving" };
  if (movingTo !== undefined) split.movingTo = Number(movingTo);
  if (phase === "checking") split.isChecking = true;
  return split;
}

export function formatSplit({ partitions, movingTo, isReadable, isChecking = false }: Split): string {
  if (movingTo === undefined) return String(partitions);
  if (isChecking) return `${partitions}>${movingTo} checking`;
  return `${partitions}>${movingTo} ${isReadable ? "copying" : "moving"}`;
}

/**
 * Checks that a region is split into `PARTITIONS`, and stores the number if there is none yet.
 *
 * @throws UnfitStore that says what to do
 */
export async function checkSplit(redis: Redis, topology: Topology, region: string): Promise<void> {
  refuseOther(topology, region, (await readSplit(redis, region)) ?? (await adoptSplit(redis, topology, region)));
}

/**
 * Checks the split like {@link checkSplit}, but never writes. A Redis that has no split yet passes.
 */
export async function compareSplit(redis: Redis, topology: Topology, region: string): Promise<void> {
  const split = await readSplit(redis, region);
  if (split !== undefined) refuseOther(topology, region, split);
}

/**
 * Checks the splits of all regions like {@link compareSplit}. Where a region is being moved, that
 * is the fault: the others may have the old number or the new one.
 *
 * @returns the regions that have no split yet
 * @throws UnfitStore that says what to do
 */
export async function compareSplits(storeOf: (region: string) => Redis, topology: Topology): Promise<string[]> {
  const read = topology.regions.map(async (region) => ({ region, split: await readSplit(storeOf(region), region) }));
  const splits = await Promise.all(read);
  const moving = splits.filter(({ split }) => split?.movingTo !== undefined);
  for (const { region, split } of moving.concat(splits)) if (split !== undefined) refuseOther(topology, region, split);
  return splits.flatMap(({ region, split }) => (split === undefined ? [region] : []));
}

/** Stores the configured number, unless existing entries have another one. @returns the split */
async function adoptSplit(redis: Redis, topology: Topology, region: string): Promise<Split> {
  const partitions = (await findSplit(redis, region, topology.partitions)) ?? topology.partitions;
  if (partitions !== topology.partitions) return { partitions, isReadable: true };
  await redis.set(splitKey(region), String(partitions), "NX");
  return (await readSplit(redis, region)) ?? { partitions, isReadable: true };
}

/**
 * The split of entries from before the number was stored: a shard that was ever written has a
 * clock. The last partitions may be empty, so a larger configured number is accepted.
 */
async function findSplit(redis: Redis, region: string, configured: number): Promise<number | undefined> {
  const [whole] = shardsOf(region, 1);
  if (whole !== undefined && (await redis.exists(clockKey(whole))) > 0) return 1;
  const clocks = await Promise.all(shardsOf(region, PARTITIONS_MAX).map((shard) => redis.exists(clockKey(shard))));
  const found = clocks.lastIndexOf(1) + 1;
  if (found === 0) return undefined;
  return configured > 1 ? Math.max(found, configured) : Math.max(found, 2);
}

function refuseOther({ partitions }: Topology, region: string, split: Split): void {
  const { partitions: present, movingTo } = split;
  if (movingTo !== undefined) {
    throw new UnfitStore(
      `The entries of ${region} are being moved from ${present} to ${countOf(movingTo, "partition")}: ` +
        `let ./lb repartition --to ${movingTo} come to its end, then set PARTITIONS=${movingTo}.`,
    );
  }
  if (present !== partitions) {
    throw new UnfitStore(
      `PARTITIONS is ${partitions}, but the data of ${region} in Redis is split into ${present}: ` +
        `set PARTITIONS=${present}, or move the data with ./lb repartition --to ${partitions}.`,
    );
  }
}
