import type { Board } from "./board.ts";

/** The view that unites every shard; may also be the home region of players who have no other. */
export const GLOBAL = "GLOBAL";

/** The unit that one Redis script may write: a region, or one of its partitions. */
export interface Shard {
  readonly region: string;
  readonly partition: number;
  /** The hash tag of every key of the shard: `EU`, or `EU.3` where regions are partitioned. */
  readonly tag: string;
}

/** One board of one shard. */
export interface BoardOnShard {
  readonly shard: Shard;
  /** With the name of the ranking: a board has one for each season. */
  readonly board: Pick<Board, "rev"> & { readonly ranking: string };
}

/** The calls that one Redis script can serve together have the same name. */
export const nameOfBoard = ({ shard, board }: BoardOnShard) => `${shard.tag} ${board.ranking} ${board.rev}`;

/** The regions, partitions and shards of a deployment, fixed while it runs. */
export interface Topology {
  readonly regions: readonly string[];
  readonly partitions: number;
  /** Boards that exist from the start (`BOARDS`). Others are made while the deployment runs. */
  readonly configuredBoards: readonly string[];
  readonly shards: readonly Shard[];
}

export const PARTITIONS_MAX = 1024;

/** The shards of a region in order of their partitions. */
export const shardsOf = (region: string, partitions: number): Shard[] =>
  Array.from({ length: partitions }, (_, partition) =>
    Object.freeze({ region, partition, tag: partitions === 1 ? region : `${region}.${partition}` }),
  );

export function createTopology(
  regions: readonly string[],
  partitions: number,
  configuredBoards: readonly string[],
): Topology {
  const shards = regions.flatMap((region) => shardsOf(region, partitions));
  return Object.freeze({ regions, partitions, configuredBoards, shards });
}

/**
 * The partition of a player, by CRC-32 of the id. It depends on the id and the number of partitions
 * alone, so that a new region moves no player.
 */
export function partitionOf(userId: string, partitions: number): number {
  return partitions === 1 ? 0 : Bun.hash.crc32(userId) % partitions;
}

/** The one shard that holds a player whose home region is known. */
export function shardOf(topology: Topology, region: string, userId: string): Shard {
  const index = topology.regions.indexOf(region) * topology.partitions + partitionOf(userId, topology.partitions);
  const shard = topology.shards[index];
  if (shard === undefined) throw new RangeError(`region ${region} is not configured`);
  return shard;
}

/** The shards whose union a view shows: one region's, or all of them for `GLOBAL`. */
export function shardsOfView(topology: Topology, view: string): readonly Shard[] {
  return view === GLOBAL ? topology.shards : topology.shards.filter((shard) => shard.region === view);
}

/** The shards of a view that may hold a player: one a region, as the id names the partition. */
export function shardsThatMayHold(topology: Topology, view: string, userId: string): readonly Shard[] {
  const partition = partitionOf(userId, topology.partitions);
  return shardsOfView(topology, view).filter((shard) => shard.partition === partition);
}
