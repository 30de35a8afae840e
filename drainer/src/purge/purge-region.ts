import { parseKeptBoard } from "shared/boards/kept-board";
import { putBoards } from "shared/boards/put-boards";
import { boardIn, versionIn } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { boardsKey, clockKey, queueKey } from "shared/redis/keys";
import { toRankingName } from "shared/seasons/ranking-name";
import { compareSplit } from "shared/stores/split";
import { dropDeadWhere } from "../dead/dead-events.ts";
import { noteVersion } from "../guard/guarded-stores.ts";
import { requireOpen } from "../guard/require-open.ts";
import { scoreQueuesOf } from "../queues/queues.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";
import type { Sides } from "../subjects/sides.ts";
import { beginDeletion, endDeletion, purgeRows, type RegionDeletion } from "./deleted-boards.ts";
import { forgetSeasons, purgeArchives, readSeasonsWithRows } from "./deleted-seasons.ts";
import { purgeShard } from "./purge-shard.ts";

export interface PurgeRegionOptions extends Sides {
  /**
   * The clock of each shard, by its tag, when it knew of the deletion: no event of the board is
   * newer. Kept by the caller from one look to the next.
   */
  clocks: Map<string, number>;
  /** Numbers of the seasons that the board may have had since the last one that is final. */
  plannedSeasons: readonly number[];
  /** Called after each page with the time that it took. May throw to end the purge. */
  onPage: (busyMs: number) => Promise<void>;
}

/**
 * Removes what a region has of a deleted board. Each step may be repeated, so that a drainer goes
 * on where another was killed:
 *
 *     tell    every shard knows the deletion: no write of the board comes behind it
 *     begin   PostgreSQL writes no event of the board any more
 *     rows    are deleted, page by page, and those of archived seasons
 *     queue   the events from before the deletion have left it; they became no rows
 *     dead    events of the board are dropped
 *     seasons are forgotten: a later board of the id begins with the first one
 *     shards  lose their keys of the board, in one step for each season
 *
 * Once all regions are so far, `endRegion` lets a later board of the id in. A step that comes late,
 * from a drainer that stood still meanwhile, finds another revision and does nothing.
 *
 * @returns whether nothing is left; false while events wait in a queue
 * @throws what Redis or PostgreSQL throw, UnfitStore while entries move, Error for a closed shard
 */
export async function purgeRegion(
  { topology, stores, databases, clocks, plannedSeasons, onPage }: PurgeRegionOptions,
  deletion: RegionDeletion,
): Promise<boolean> {
  const { id, rev, region } = deletion;
  const [redis, database] = [stores.of(region), databases.of(region)];
  const shards = topology.shards.filter((shard) => shard.region === region);
  const readClock = async (shard: Shard) => Number((await redis.get(clockKey(shard))) ?? 0);
  await compareSplit(redis, topology, region);
  await requireOpen(stores, shards);

  for (const shard of shards) {
    await putBoards(redis, shard, [{ id, rev, state: "deleting", born: rev }]);
    if (!clocks.has(shard.tag)) clocks.set(shard.tag, await readClock(shard));
  }

  if (!(await beginDeletion(database, deletion))) return true;

  const regions = topology.regions.filter((each) => databases.of(each) === database);
  for (const ranking of [id, ...(await readSeasonsWithRows(database, deletion, plannedSeasons))]) {
    await inPages(onPage, (after) => purgeRows(database, deletion, { ranking, regions, after }));
  }
  await inPages(onPage, () => purgeArchives(database, deletion));

  const isOld = (version: number, shard: Pick<Shard, "tag">) => version <= (clocks.get(shard.tag) ?? 0);
  for (const shard of shards) {
    const { oldestWaiting } = toMoment(await redis.lindex(queueKey(shard), -1), null, "0");
    if (isOld(oldestWaiting, shard)) return false;
  }

  for (const keys of scoreQueuesOf({ ...topology, shards })) {
    await dropDeadWhere(redis, keys, (raw) => {
      const text = raw.toString("utf8");
      return boardIn(text) === id && isOld(versionIn(text) ?? 0, keys);
    });
  }

  await forgetSeasons(database, deletion);
  for (const shard of shards) {
    const { oldest, season } = parseKeptBoard((await redis.hget(boardsKey(shard), id)) ?? "")?.seasons ?? NO_SEASONS;
    for (let each = oldest; each <= season; each++) {
      const of = { partitions: topology.partitions, newest: 0, ranking: toRankingName(id, each) };
      await purgeShard(redis, shard, deletion, of);
    }
  }
  return true;
}

/** The one ranking of a board without seasons. */
const NO_SEASONS = { oldest: 0, season: 0 };

/** @param work does a page behind a player, and returns the last player of the page */
async function inPages(
  onPage: PurgeRegionOptions["onPage"],
  work: (after: string) => Promise<string | undefined>,
): Promise<void> {
  for (let after: string | undefined = ""; after !== undefined; ) {
    const startedAt = performance.now();
    after = await work(after);
    await onPage(performance.now() - startedAt);
  }
}

/**
 * Lets PostgreSQL take newer events of the id again than any that the region has given out so far.
 *
 * @throws the same
 */
export async function endRegion({ topology, stores, databases }: Sides, deletion: RegionDeletion): Promise<void> {
  const { region } = deletion;
  const [redis, database] = [stores.of(region), databases.of(region)];
  const shards = topology.shards.filter((shard) => shard.region === region);
  const clocks = await Promise.all(shards.map((shard) => redis.get(clockKey(shard))));
  const newest = Math.max(...clocks.map(Number));
  for (const shard of shards) {
    await purgeShard(redis, shard, deletion, { partitions: topology.partitions, newest, ranking: deletion.id });
    // A Redis that comes back with a lower clock has entries of the board, and is restored first.
    await noteVersion(database, shard.tag, String(newest));
  }
  await endDeletion(database, deletion, newest);
}
