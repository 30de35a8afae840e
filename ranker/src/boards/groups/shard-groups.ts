import { Problem } from "shared/api/problems";
import { partitionOf, type Shard, shardsOfView, type Topology } from "shared/model/regions";
import { isCluster, type Redis } from "shared/redis/redis";
import { isReply } from "shared/redis/reply-error";
import type { RankedBoard } from "../../seasons/ranked-board.ts";

/** The shards of a view that one call of a script reads. */
export interface ShardGroup {
  /** @throws Problem `unavailable` while the server was never there */
  redis(): Redis;
  /**
   * Region by region, with as many shards of each. They are either all that the view has of their
   * regions, or shards of a single region.
   */
  readonly shards: readonly Shard[];
  readonly regions: readonly string[];
  /** Shards of a region. */
  readonly perRegion: number;
  /** The calls for groups of one name may be one call. */
  readonly name: string;
}

/** A board's ranking on the shards of a group. */
export interface RankingOnGroup {
  group: ShardGroup;
  board: RankedBoard;
}

/** The questions that one call can answer together are of one name. */
export const nameOfRanking = ({ group, board: { ranking, rev, wanted } }: RankingOnGroup) =>
  `${group.name} ${ranking} ${rev} ${wanted}`;

// Bounds the keys of a call. The groups of one server are read as if they were on several.
const SHARDS_MAX = 64;

/**
 * How the shards of a view are read: those on one server by one call, at one moment. A node of a
 * cluster refuses keys of several slots, and so has a call for each shard.
 */
export interface ShardGroups {
  /** Runs a read over the groups of a view, of which a shard may be left out. */
  over<T>(view: string, read: (groups: readonly ShardGroup[]) => Promise<T>, without?: Shard): Promise<T>;
}

/** A server that was taken for one that is no node of a cluster. */
export class SlotsApart extends Error {
  readonly redis: Redis;
  constructor(redis: Redis) {
    super("The server takes no keys of several slots in one call.");
    this.name = "SlotsApart";
    this.redis = redis;
  }
}

export function createShardGroups(topology: Topology, redisOf: (region: string) => Redis): ShardGroups {
  const known = new Map<string, { servers: ServerOfRegion[]; groups: readonly ShardGroup[] }>();
  // A cluster behind one address looks like one server until it refuses the first call.
  const apart = new WeakSet<Redis>();

  const isAsFound = ({ region, redis }: ServerOfRegion) => serverOf(redisOf, region) === redis;

  function groupsOf(view: string, without?: Shard): readonly ShardGroup[] {
    const name = without === undefined ? view : `${view} ${without.tag}`;
    const found = known.get(name);
    if (found?.servers.every(isAsFound)) return found.groups;
    const shards = shardsOfView(topology, view).filter((shard) => shard !== without);
    const regions = new Set(shards.map(({ region }) => region));
    const servers = [...regions].map((region) => ({ region, redis: serverOf(redisOf, region) }));
    const groups = groupShards(shards, redisOf, (redis) => isCluster(redis) || apart.has(redis));
    known.set(name, { servers, groups });
    return groups;
  }

  return {
    over: (view, read, without) =>
      read(groupsOf(view, without)).catch((error: unknown) => {
        if (!(error instanceof SlotsApart)) throw error;
        apart.add(error.redis);
        known.clear();
        return read(groupsOf(view, without));
      }),
  };
}

interface ServerOfRegion {
  region: string;
  /** Undefined while it was never there. */
  redis: Redis | undefined;
}

function serverOf(redisOf: (region: string) => Redis, region: string): Redis | undefined {
  try {
    return redisOf(region);
  } catch (error) {
    if (error instanceof Problem && error.code === "unavailable") return undefined;
    throw error;
  }
}

/** @param isApart whether each shard of a server needs a call of its own */
export function groupShards(
  shards: readonly Shard[],
  redisOf: (region: string) => Redis,
  isApart: (redis: Redis) => boolean,
): ShardGroup[] {
  const groups: { redis: Redis | undefined; perRegion: number; shards: Shard[] }[] = [];
  for (const [region, own] of Map.groupBy(shards, (shard) => shard.region)) {
    const redis = serverOf(redisOf, region);
    const most = redis !== undefined && isApart(redis) ? 1 : SHARDS_MAX;
    const hasRoom = (group: (typeof groups)[number]) =>
      group.redis === redis && group.perRegion === own.length && group.shards.length + own.length <= most;
    const open = redis === undefined ? undefined : groups.find(hasRoom);
    if (open !== undefined) {
      open.shards.push(...own);
      continue;
    }
    for (let first = 0; first < own.length; first += most) {
      const part = own.slice(first, first + most);
      groups.push({ redis, perRegion: part.length, shards: part });
    }
  }
  return groups.map(({ redis, perRegion, shards }) =>
    toGroup(redis === undefined ? () => redisOf(shards[0]?.region ?? "") : () => redis, shards, perRegion),
  );
}

/** @param perRegion all shards are of one region unless given */
export function toGroup(redis: () => Redis, shards: readonly Shard[], perRegion = shards.length): ShardGroup {
  const regions = [...new Set(shards.map(({ region }) => region))];
  return { redis, shards, regions, perRegion, name: shards.map(({ tag }) => tag).join() };
}

/** Which of a region's shards in the group may hold a player, from 0; undefined if none may. */
export function partOf({ shards }: ShardGroup, topology: Topology, userId: string): number | undefined {
  if (topology.partitions === 1) return 0;
  const part = partitionOf(userId, topology.partitions) - (shards[0]?.partition ?? 0);
  return part >= 0 && shards[part]?.region === shards[0]?.region ? part : undefined;
}

/** @throws SlotsApart instead of a Problem that says so; else what the call throws */
export async function callGroup<T>(group: ShardGroup, call: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = group.redis();
  try {
    return await call(redis);
  } catch (error) {
    if (group.shards.length > 1 && error instanceof Problem && isApartReply(error.cause)) throw new SlotsApart(redis);
    throw error;
  }
}

// Redis says the first, proxies in front of clusters something like the second.
const isApartReply = (cause: unknown) => isReply(cause) && /CROSSSLOT|same slot/i.test(cause.message);
