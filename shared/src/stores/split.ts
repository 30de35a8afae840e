import { PARTITIONS_MAX, shardsOf, type Topology } from "../model/regions.ts";
import { clockKey, splitKey } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { UnfitStore } from "./unfit-store.ts";

/**
 * How many partitions a region's entries are split into is written beside them, because a process that believes another
 * number would look for players where they are not, and split the board in two.
 *
 *     4               the present number
 *     1>4 copying     being moved: nobody writes; the old shards are whole and may be read
 *     1>4 moving      being moved: nobody writes, nobody reads
 */
export interface Split {
  partitions: number;
  /** The number to come, while entries are being moved. */
  movingTo?: number;
  isReadable: boolean;
}

const SPLIT = /^(\d{1,4})(?:>(\d{1,4}) (copying|moving))?$/;

/** What the Redis of a region says; nothing on one that has never been used, or that was emptied. */
export async function readSplit(redis: Redis, region: string): Promise<Split | undefined> {
  const text = await redis.get(splitKey(region));
  if (text === null) return undefined;
  const [, partitions, movingTo, phase] = SPLIT.exec(text) ?? [];
  if (partitions === undefined)
    throw new UnfitStore(`${splitKey(region)} in Redis holds "${text}", which is no split.`);
  return {
    partitions: Number(partitions),
    ...(movingTo === undefined ? {} : { movingTo: Number(movingTo) }),
    isReadable: phase !== "moving",
  };
}

export function formatSplit({ partitions, movingTo, isReadable }: Split): string {
  if (movingTo === undefined) return String(partitions);
  return `${partitions}>${movingTo} ${isReadable ? "copying" : "moving"}`;
}

/**
 * Sees that the entries of a region are split as `PARTITIONS` says, and writes the number down where nobody has yet.
 *
 * @throws UnfitStore that says what to do
 */
export async function checkSplit(redis: Redis, topology: Topology, region: string): Promise<void> {
  refuseOther(topology, region, (await readSplit(redis, region)) ?? (await adoptSplit(redis, topology, region)));
}

/** The same for whoever must not write: a store without a number passes. */
export async function compareSplit(redis: Redis, topology: Topology, region: string): Promise<void> {
  const split = await readSplit(redis, region);
  if (split !== undefined) refuseOther(topology, region, split);
}

/** Writes the configured number down, unless there are entries that are split otherwise: then theirs is returned. */
async function adoptSplit(redis: Redis, topology: Topology, region: string): Promise<Split> {
  const partitions = (await findSplit(redis, region, topology.partitions)) ?? topology.partitions;
  if (partitions !== topology.partitions) return { partitions, isReadable: true };
  await redis.set(splitKey(region), String(partitions), "NX");
  return (await readSplit(redis, region)) ?? { partitions, isReadable: true };
}

/**
 * The split of entries that were written when no number was kept: a shard that was ever written has a clock. The last
 * ones of several may be empty, so that a greater number than was found is believed.
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
      `The entries of ${region} are being moved from ${present} to ${movingTo} partitions: ` +
        `let bun run lb repartition --to ${movingTo} come to its end, then set PARTITIONS=${movingTo}.`,
    );
  }
  if (present !== partitions) {
    throw new UnfitStore(
      `PARTITIONS is ${partitions}, but the data of ${region} in Redis is split into ${present}: ` +
        `set PARTITIONS=${present}, or move the data with bun run lb repartition --to ${partitions}.`,
    );
  }
}
