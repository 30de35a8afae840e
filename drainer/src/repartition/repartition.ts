import { setTimeout as delay } from "node:timers/promises";
import { createTopology, type Shard, shardsOf, type Topology } from "shared/model/regions";
import { fenceKey, moverKey, splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { putFence, readFence } from "shared/stores/fenced-store";
import { checkSplit, formatSplit, readSplit, type Split } from "shared/stores/split";
import type { Stores } from "shared/stores/stores";
import { createDrain } from "../drain/drain.ts";
import type { Guard } from "../guard/guard.ts";
import { readGuarded, setRun } from "../guard/guarded-stores.ts";
import { requireOpen } from "../guard/require-open.ts";
import { createLease, LEASE_TTL_MS, type Lease, unshared } from "../leases/lease.ts";
import type { Database } from "../postgres/database.ts";
import type { Databases } from "../postgres/databases.ts";
import { scoreQueuesOf } from "../queues/queues.ts";
import { countRanked } from "../rows/estimate-rows.ts";
import { scoreEventsOf } from "../rows/upsert-scores.ts";
import { copyEntries, isVanishing, type Move, type MoveCounts, removeStrangers } from "./move-entries.ts";
import { moveAnswers, moveDead, moveErasures } from "./move-rest.ts";
import { copyVisibility, removeVisibility } from "./move-visibility.ts";

/** What became of a region. */
export interface RegionMoved extends MoveCounts {
  region: string;
  /** The number of partitions it had before; the present one where there was nothing to do. */
  from: number;
}

export interface RepartitionOptions {
  /** The regions and boards; the number of partitions counts only where Redis does not tell it yet. */
  topology: Topology;
  to: number;
  stores: Stores;
  databases: Databases;
  batchMax: number;
  /** `expected` is how many entries there are: those who stay where they are among them. */
  onProgress?: (region: string, counts: MoveCounts, expected: number) => void;
}

/**
 * Moves the entries of every region, one after another, to another number of partitions:
 *
 *     drain     what waits goes to PostgreSQL, so that the queues of shards that vanish are empty
 *     fence     the split says `1>4 copying`: submit.lua writes no more, on any shard, and nobody starts
 *     drain     what came until then
 *     copy      who is hidden, entries with their arrivals and versions, what is kept of erasures, and the answers kept
 *               for idempotency keys
 *     remove    the split says `1>4 moving`: nobody reads any more; everybody is now only where they belong
 *     finish    the split says `4`: whoever has PARTITIONS=4 goes on
 *
 * Where old and new shards share names (`EU.0` of 4 and of 16) copying changes what readers see, and they wait from the
 * fence on. Killed at any point and run again, it goes on: every step can be repeated.
 *
 * @throws UnfitStore for unmarked data that is not split as configured; Error when another move is under way; what the
 *   stores throw: another run completes the move
 */
export async function* repartition(options: RepartitionOptions): AsyncGenerator<RegionMoved> {
  for (const region of options.topology.regions) yield await moveRegion(options, region);
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
    if (movingTo !== undefined && movingTo !== to) {
      throw new Error(
        `${region} is being moved to ${movingTo} partitions: complete that first, with --to ${movingTo}.`,
      );
    }
    const boards = topology.boards.map((board) => countRanked({ stores }, shardsOf(region, from), board));
    const expected = (await Promise.all(boards)).reduce((sum, count) => sum + count, 0);
    const move: Move = {
      redis,
      region,
      from: shardsOf(region, from),
      counts,
      to: createTopology(topology.regions, to, topology.boards),
      async onPage() {
        if (!(await lease.hold())) throw new Error(`Another bun run lb repartition has taken over ${region}.`);
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
  await drain(options, move, false);
  await mark(move, { partitions: from, movingTo: to, isReadable });
  await drain(options, move, true);
  await copyVisibility(move);
  await copyEntries(move);
  await moveErasures(move);
  await moveAnswers(move);
  await mark(move, { partitions: from, movingTo: to, isReadable: false });
  await removeStrangers(move);
  await removeVisibility(move);
  await moveDead(move);
  await openFences(move, options.databases.of(move.region));
  const vanished = move.from.filter((shard) => isVanishing(move, shard));
  await Promise.all(vanished.map(({ tag }) => move.redis.del(fenceKey(tag))));
  await mark(move, { partitions: to, isReadable: true });
}

/** The new shards have everything that the old ones had, and may be written on the same run of Redis. */
async function openFences({ redis, region, from, to }: Move, database: Database): Promise<void> {
  const shards = shardsOf(region, to.partitions);
  // A move that was ended here before has taken the old ones away.
  const there = await Promise.all([...from, ...shards].map(({ tag }) => readFence(redis, tag)));
  const origin = there.find(({ fence }) => fence !== undefined)?.fence?.origin;
  if (origin === undefined) throw new Error(`The fences of ${region} are gone: Redis was emptied during the move.`);
  const kept = Math.max(...there.map(({ clock = 0 }) => clock));
  for (const { tag } of shards) {
    const store = await readFence(redis, tag);
    if (store.run === undefined) throw new Error("Redis has not told its run yet: run it again.");
    // A shard that was there before has an origin of its own, and PostgreSQL knows it by that.
    const own = store.fence?.origin ?? (await readGuarded(database, tag))?.origin ?? origin;
    const isPut = await putFence(redis, tag, store, { origin: own, kept, run: store.run }, { raises: true });
    if (!isPut) throw new Error(`${tag} was changed during the move: run it again.`);
  }
}

/**
 * Tells every shard, old or new. The region's own mark, which whoever starts looks at, is a fence first and open last.
 */
async function mark({ redis, region, from, to }: Move, split: Split): Promise<void> {
  const shards: Shard[] = [...from, ...shardsOf(region, to.partitions)];
  const tags = [...new Set(shards.map(({ tag }) => tag))].filter((tag) => tag !== region);
  const tell = (tag: string) => redis.set(splitKey(tag), formatSplit(split));
  if (split.movingTo !== undefined) await tell(region);
  await Promise.all(tags.map(tell));
  if (split.movingTo === undefined) await tell(region);
}

/** Empties the old queues: of what waits now, or, once nobody writes any more, to their end. */
async function drain(options: RepartitionOptions, { redis, region, from, to, onPage }: Move, isFenced: boolean) {
  const database = options.databases.of(region);
  await database.run((sql) => sql`SELECT 1`); // one that is away ends the move, if possible before the fence
  const topology: Topology = { ...to, shards: from };
  const shared = { redis, database, kind: scoreEventsOf(topology), lease: unshared, batchMax: options.batchMax };
  for (const keys of scoreQueuesOf(topology)) {
    const step = createDrain({ ...shared, keys, guard: await admitDrain(redis, keys.tag, database) });
    let waiting = isFenced ? Number.POSITIVE_INFINITY : await redis.llen(keys.queue);
    while (waiting > 0) {
      const taken = await step();
      if (taken.state !== "drained") break; // empty, as nobody else holds the lease
      waiting -= taken.events;
      await onPage();
    }
  }
}

/** Has PostgreSQL take what is drained of a shard that is open, as it does from a drainer. */
async function admitDrain(redis: Redis, tag: string, database: Database): Promise<Guard> {
  const { fence, run } = await readFence(redis, tag);
  if (run === undefined) throw new Error("Redis has not told its run yet: run it again.");
  const guarded = await readGuarded(database, tag);
  // A move that was ended near its end has taken the fence away, and nothing waits there any more.
  const origin = guarded?.origin ?? fence?.origin;
  if (origin !== undefined && guarded?.run !== run) await setRun(database, tag, { origin, run });
  return async () => run;
}

/** The split of a Redis that has never told one. */
async function adopt(redis: Redis, topology: Topology, region: string): Promise<Split> {
  await checkSplit(redis, topology, region);
  return { partitions: topology.partitions, isReadable: true };
}

/** Waits for the lease of a run that was killed, no longer. */
async function hold(lease: Lease, region: string): Promise<void> {
  for (const endsAt = performance.now() + 2 * LEASE_TTL_MS; performance.now() < endsAt; await delay(100)) {
    if (await lease.hold()) return;
  }
  throw new Error(`Another bun run lb repartition is at work on ${region}.`);
}
