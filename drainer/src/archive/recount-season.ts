import { rankingIn } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { boardKey, hiddenKey, queueKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { toRankingName } from "shared/seasons/ranking-name";
import { readDead, retryDead } from "../dead/dead-events.ts";
import { scoreQueueOf } from "../queues/queues.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";
import { reconcile } from "../reconcile/reconcile.ts";
import { createEntrySubject } from "../subjects/entry-subject.ts";
import type { Sides } from "../subjects/sides.ts";
import { countStored, readEnded } from "./ended-seasons.ts";

/** A season of a board. */
export interface SeasonName {
  board: string;
  season: number;
}

/** What a shard has of a season. */
export interface ShardCounts {
  tag: string;
  /** Entries that it counted at the end, hidden ones included; null where PostgreSQL has no end. */
  counted: number | null;
  /** Entries that Redis has. */
  present: number;
  /** Dead events of the season. */
  dead: number;
  /** Whether events wait in the queue that may be of the season. */
  isWaiting: boolean;
}

/** What the stores of a region have of a season. */
export interface RegionCounts {
  region: string;
  /** `running` where no shard has ended it, as far as PostgreSQL knows. */
  state: "running" | "closing" | "incomplete" | "final";
  /** Rows of entries. */
  stored: number;
  /** Players who were erased since it began, on any board: so many counted entries may be gone. */
  erased: number;
  shards: ShardCounts[];
}

/** Counts a season in one region. @throws what Redis or PostgreSQL throw */
export async function recountSeason(
  sides: Sides,
  { board, season }: SeasonName,
  region: string,
): Promise<RegionCounts> {
  const { topology, stores, databases } = sides;
  const ranking = toRankingName(board, season);
  const database = databases.of(region);
  const ended = (await readEnded(database, [ranking])).find((each) => each.region === region);
  const counted = await database.run(
    (sql) => sql<{ tag: string; entries: string }[]>`
      SELECT tag, (count + hidden)::text AS entries FROM season_ends
      WHERE board = ${board} AND season = ${season}::text::integer AND region = ${region}`,
  );
  const counts = new Map(counted.map(({ tag, entries }) => [tag, Number(entries)]));
  const redis = stores.of(region);
  const ofRegion = topology.shards.filter((shard) => shard.region === region);
  const shards = await Promise.all(
    ofRegion.map(async (shard) => ({
      tag: shard.tag,
      counted: counts.get(shard.tag) ?? null,
      ...(await readShard(redis, shard, ranking, ended?.ends.get(shard.tag))),
    })),
  );
  const startsAt = ended?.startsAt ?? Number.MAX_SAFE_INTEGER;
  const { stored, erased } = await countStored(database, { board, season, region, startsAt });
  return { region, state: ended?.state ?? "running", stored, erased, shards };
}

async function readShard(redis: Redis, shard: Shard, ranking: string, end: number | undefined) {
  const [ranked, hidden, oldest] = await Promise.all([
    redis.zcard(boardKey(shard, ranking)),
    redis.zcard(hiddenKey(shard, ranking)),
    redis.lindex(queueKey(shard), -1),
  ]);
  const { oldestWaiting } = toMoment(oldest, null, "0");
  let dead = 0;
  for await (const page of readDead(redis, scoreQueueOf(shard))) {
    dead += page.filter(({ raw }) => raw !== undefined && rankingIn(raw.toString("utf8")) === ranking).length;
  }
  return { present: ranked + hidden, dead, isWaiting: end !== undefined && oldestWaiting <= end };
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** Why a season is not final in a region, in words; empty where it is, or a drainer makes it so. */
export function explainCounts({ state, stored, erased, shards }: RegionCounts): string[] {
  if (state === "final" || state === "running") return [];
  const faults: string[] = [];
  const [present, dead] = [sum(shards.map((each) => each.present)), sum(shards.map((each) => each.dead))];
  const open = shards.filter(({ counted }) => counted === null).map(({ tag }) => tag);
  if (open.length > 0)
    faults.push(`PostgreSQL has no end of ${open.join(", ")}: the shard is away, or its queue waits`);
  const waiting = shards.filter(({ isWaiting }) => isWaiting).map(({ tag }) => tag);
  if (waiting.length > 0) faults.push(`events of ${waiting.join(", ")} wait for PostgreSQL`);
  if (dead > 0) faults.push(`${dead} events are dead: mend the cause (./lb queue --dead), and retry them`);
  if (faults.length > 0) return faults;
  const counted = sum(shards.map((each) => each.counted ?? 0));
  if (stored !== present)
    faults.push(`PostgreSQL has ${stored} entries, and Redis ${present}: they have to be compared`);
  if (stored > counted) faults.push(`PostgreSQL has ${stored} entries, more than the ${counted} of the end`);
  const lost = counted - erased - Math.min(stored, present);
  if (lost > 0) faults.push(`${lost} entries of the end are missing: restore the store that had them`);
  return faults;
}

/** What was done for a season of a region. */
export interface Mended {
  /** Dead events that were put back into their queues, also those of other boards. */
  retried: number;
  /** Entries that were copied from the store that had the newer one. */
  repaired: number;
}

/**
 * Does for a season that is not final what changes no score: retries dead events, and where all
 * events are written, copies entries between the stores as `reconcile` does. The drainer counts
 * again by itself.
 *
 * @throws what Redis or PostgreSQL throw
 */
export async function mendSeason(sides: Sides, name: SeasonName, counts: RegionCounts): Promise<Mended> {
  const { region, state, shards } = counts;
  const mended: Mended = { retried: 0, repaired: 0 };
  if (state === "final" || state === "running") return mended;
  const redis = sides.stores.of(region);
  const ofRegion = sides.topology.shards.filter((shard) => shard.region === region);
  for (const shard of ofRegion) {
    const hasDead = shards.some(({ tag, dead }) => tag === shard.tag && dead > 0);
    if (hasDead) mended.retried += (await retryDead(redis, scoreQueueOf(shard))).retried;
  }
  const isWritten = shards.every(({ counted, isWaiting, dead }) => counted !== null && !isWaiting && dead === 0);
  // Each store may lack another entry, so that equal counts say nothing.
  if (!isWritten || explainCounts(counts).length === 0) return mended;
  const board = toRankingName(name.board, name.season);
  await reconcile(createEntrySubject({ ...sides, region, shards: ofRegion, board }), {
    isFixing: true,
    onDrift: ({ isRepaired }) => {
      if (isRepaired) mended.repaired++;
    },
  });
  return mended;
}
