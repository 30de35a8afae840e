import { setTimeout as delay } from "node:timers/promises";
import { countOf } from "shared/base/count-of";
import { createTopology, type Shard, shardsOf, type Topology } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import type { Databases } from "shared/postgres/databases";
import { fenceKey, moverKey, splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { putFence, readFence } from "shared/stores/fenced-store";
import { checkSplit, formatSplit, readSplit, type Split } from "shared/stores/split";
import type { Stores } from "shared/stores/stores";
import { toRun } from "../guard/close-and-reopen.ts";
import { readGuarded } from "../guard/guarded-stores.ts";
import { requireOpen } from "../guard/require-open.ts";
import { createLease, LEASE_TTL_MS, type Lease } from "../leases/lease.ts";
import { countAllRanked } from "../rows/estimate-rows.ts";
import { drainAll, drainWaiting } from "./drain-old-queues.ts";
import { liftFences } from "./lift-fences.ts";
import { copyBoards, removeBoards } from "./move-boards.ts";
import { moveDead } from "./move-dead.ts";
import { copyEntries, isVanishing, type Move, type MoveCounts, removeStrangers } from "./move-entries.ts";
import { moveAnswers, moveErasures } from "./move-keys.ts";
import { copyVisibility, removeVisibility } from "./move-visibility.ts";
import { awaitSettled, findUnsettled, requireSettled } from "./require-settled.ts";

/** The result for one region. */
export interface RegionMoved extends MoveCounts {
  region: string;
  /** The number of partitions before the move; the present number where there was nothing to do. */
  from: number;
}

export interface RepartitionOptions {
  /** Its number of partitions counts only where Redis does not have it yet. */
  topology: Topology;
  to: number;
  stores: Stores;
  databases: Databases;
  batchMax: number;
  /** How long the drainer may take to archive seasons that end meanwhile. Default 30,000 ms. */
  settleMs?: number;
  /** @param expected entries of the region, entries that stay on their shard included */
  onProgress?: (region: string, counts: MoveCounts, expected: number) => void;
}

/**
 * Moves the entries of every region, one after another, to another number of partitions:
 *
 *     drain     the queues go to PostgreSQL, so that the queues of vanishing shards are empty
 *     check     the split is `1>4 checking`: submit.lua refuses writes on every shard, no season
 *               ends there, and no service starts. The events that came until then are drained.
 *               Where a season ended meanwhile, the split is `1` again until a drainer has archived
 *               it
 *     fence     the split is `1>4 copying`
 *     copy      the boards of the shards, hidden players, entries with their arrivals and versions,
 *               erasures, answers for idempotency keys
 *     remove    the split is `1>4 moving`: no reads; the old shards lose the copied entries
 *     finish    the split is `4`: services with PARTITIONS=4 go on
 *
 * Where old and new shards share names (`EU.0` of 4 and of 16), copying would change what readers
 * see, so reads stop at the fence. Every step can be repeated: a move that was killed goes on when
 * it is run again.
 *
 * @throws UnfitStore for data without a split mark that is not split as configured; Error where a
 *   move to another number has begun, before anything moves; Error while another run is at work;
 *   what the stores throw: another run completes the move
 */
export async function* repartition(options: RepartitionOptions): AsyncGenerator<RegionMoved> {
  for (const region of options.topology.regions) await requireMovable(options, region);
  for (const region of options.topology.regions) yield await moveRegion(options, region);
}

/**
 * Finds what would refuse the move of a later region before the first one moves: services with
 * either number would be refused on some of the regions.
 *
 * @throws Error where a region is being moved to another number, is closed to writes, or has a
 *   season that is ending
 */
async function requireMovable({ topology, to, stores, databases }: RepartitionOptions, region: string): Promise<void> {
  const redis = stores.of(region);
  const split = (await readSplit(redis, region)) ?? (await adopt(redis, topology, region));
  requireSameMove(region, split, to);
  if (split.movingTo === undefined && split.partitions !== to) {
    await requireOpen(stores, shardsOf(region, split.partitions));
    await requireSettled(databases.of(region), region);
  }
}

function requireSameMove(region: string, { movingTo }: Split, to: number): void {
  if (movingTo === undefined || movingTo === to) return;
  throw new Error(
    `${region} is being moved to ${countOf(movingTo, "partition")}: complete that first, with --to ${movingTo}.`,
  );
}

async function moveRegion(options: RepartitionOptions, region: string): Promise<RegionMoved> {
  const { topology, to, stores, onProgress } = options;
  const redis = stores.of(region);
  const lease = createLease(redis, moverKey(region), crypto.randomUUID());
  await hold(lease, region);
  try {
    const split = (await readSplit(redis, region)) ?? (await adopt(redis, topology, region));
    const { partitions: from, movingTo } = split;
    const counts: MoveCounts = { entries: 0, broken: 0, answers: 0 };
    if (movingTo === undefined && from === to) return { region, from, ...counts };
    requireSameMove(region, split, to);
    const expected = await countAllRanked({ topology, stores }, shardsOf(region, from));
    const move: Move = {
      redis,
      region,
      from: shardsOf(region, from),
      counts,
      to: createTopology(topology.regions, to, topology.configuredBoards),
      async onPage() {
        if (!(await lease.hold())) throw new Error(`Another ./lb repartition has taken over ${region}.`);
        onProgress?.(region, counts, expected);
      },
    };
    if (movingTo === undefined) await requireOpen({ of: () => redis }, move.from);
    await run(options, move, split);
    return { region, from, ...counts };
  } finally {
    await lease.release();
  }
}

async function run(options: RepartitionOptions, move: Move, split: Split): Promise<void> {
  const { partitions: from } = split;
  const { partitions: to } = move.to;
  const isReadable = split.isReadable && (from === 1 || to === 1);
  await drainWaiting(options, move);
  if (split.movingTo === undefined || split.isChecking) await check(options, move, split);
  await mark(move, { partitions: from, movingTo: to, isReadable });
  await drainAll(options, move);
  await copyBoards(move);
  await copyVisibility(move);
  await copyEntries(move);
  await moveErasures(move);
  await moveAnswers(move);
  await mark(move, { partitions: from, movingTo: to, isReadable: false });
  await removeStrangers(move);
  await removeVisibility(move);
  await removeBoards(move);
  await moveDead(move);
  await openFences(move, options.databases.of(move.region));
  const vanished = move.from.filter((shard) => isVanishing(move, shard));
  await Promise.all(vanished.map(({ tag }) => move.redis.del(fenceKey(tag))));
  await mark(move, { partitions: to, isReadable: true });
}

const SETTLE_MS = 30_000;

/**
 * Fences writes off at a moment when no season of the region is ending. From then on none ends on a
 * shard, until the move is complete.
 *
 * @throws Error that names a season that is not archived in time: then the region is as before
 */
async function check(options: RepartitionOptions, move: Move, split: Split): Promise<void> {
  const { settleMs = SETTLE_MS } = options;
  const { region, redis, from, to } = move;
  const database = options.databases.of(region);
  const lateAt = performance.now() + settleMs;
  for (let isMarked = split.isChecking === true; ; isMarked = false) {
    if (!isMarked) {
      await awaitSettled(database, region, lateAt - performance.now());
      await mark(move, { partitions: split.partitions, movingTo: to.partitions, isReadable: true, isChecking: true });
    }
    await drainAll(options, move);
    await liftFences(options.stores, move);
    if ((await findUnsettled(database, region)) === undefined) return;
    await mark(move, { partitions: split.partitions, isReadable: true });
    const old = new Set(from.map(({ tag }) => tag));
    const added = shardsOf(region, to.partitions).filter(({ tag }) => !old.has(tag));
    await Promise.all(added.map(({ tag }) => redis.del(splitKey(tag))));
    await move.onPage();
  }
}

/**
 * Opens the new shards for writes on the present run of Redis. They now have all that the old
 * shards had.
 */
async function openFences({ redis, region, from, to }: Move, database: Database): Promise<void> {
  const shards = shardsOf(region, to.partitions);
  // An earlier run of the command may have deleted the old fences before it was killed, so the new
  // shards' fences are read too.
  const there = await Promise.all([...from, ...shards].map(({ tag }) => readFence(redis, tag)));
  const origin = there.find(({ fence }) => fence !== undefined)?.fence?.origin;
  if (origin === undefined) throw new Error(`The fences of ${region} are gone: Redis was emptied during the move.`);
  const keptVersion = Math.max(...there.map(({ clock = 0 }) => clock));
  for (const { tag } of shards) {
    const store = await readFence(redis, tag);
    const run = toRun(store);
    // A shard that existed before keeps its origin, by which PostgreSQL knows it.
    const own = store.fence?.origin ?? (await readGuarded(database, tag))?.origin ?? origin;
    const isPut = await putFence(redis, tag, store, { origin: own, keptVersion, run }, { raises: true });
    if (!isPut) throw new Error(`${tag} was changed during the move: run it again.`);
  }
}

/**
 * Writes the split to every shard, old and new. A starting service reads the mark of the region, so
 * that mark is closed first and opened last.
 */
async function mark({ redis, region, from, to }: Move, split: Split): Promise<void> {
  const shards: Shard[] = [...from, ...shardsOf(region, to.partitions)];
  const tags = [...new Set(shards.map(({ tag }) => tag))].filter((tag) => tag !== region);
  const tell = (tag: string) => redis.set(splitKey(tag), formatSplit(split));
  if (split.movingTo !== undefined) await tell(region);
  await Promise.all(tags.map(tell));
  if (split.movingTo === undefined) await tell(region);
}

/** The split of a Redis without a mark, which is the configured one. */
async function adopt(redis: Redis, topology: Topology, region: string): Promise<Split> {
  await checkSplit(redis, topology, region);
  return { partitions: topology.partitions, isReadable: true };
}

/**
 * Takes the lease, and retries for two TTLs, in which the lease of a killed command expires.
 *
 * @throws Error where another command holds the lease
 */
async function hold(lease: Lease, region: string): Promise<void> {
  for (const endsAt = performance.now() + 2 * LEASE_TTL_MS; performance.now() < endsAt; await delay(100)) {
    if (await lease.hold()) return;
  }
  throw new Error(`Another ./lb repartition is at work on ${region}.`);
}
