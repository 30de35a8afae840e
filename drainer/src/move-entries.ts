import { arrivalsKey, boardKey, clockKey, profileKey, profileKeyPrefix, updatedAtField } from "shared/keys";
import type { Redis } from "shared/redis";
import { type Shard, shardOf, type Topology } from "shared/regions";
import { fromArrival } from "shared/times";
import { createInFlight, readAhead } from "./in-flight.ts";
import { putEntries, slicesByKeys } from "./put-entries.ts";
import type { EntryRow } from "./read-rows.ts";
import { scanShards } from "./scan-shards.ts";
import { isSoundEntry } from "./sound.ts";

/** A region's entries on their way from shards that nobody writes any more to those of another topology. */
export interface Move {
  redis: Redis;
  region: string;
  from: readonly Shard[];
  /** Says where everybody belongs. */
  to: Topology;
  counts: MoveCounts;
  /** Called after each page. @throws whatever is to end the move */
  onPage(): Promise<void>;
}

export interface MoveCounts {
  entries: number;
  /** Entries that Redis contradicts itself about: they are left to PostgreSQL. */
  broken: number;
  /** Answers kept for idempotency keys. */
  answers: number;
}

const STEP = 500;
const SCRIPTS_IN_FLIGHT = 4;

/** The shard of the new topology where a player belongs. */
export const homeOf = ({ to, region }: Move, userId: string): Shard => shardOf(to, region, userId);

/** True for a shard that the new topology does not have. */
export const isVanishing = ({ to, region }: Move, { tag }: Shard): boolean =>
  !to.shards.some((shard) => shard.region === region && shard.tag === tag);

/** Puts every entry where it belongs; it stays where it was, too. A repetition changes nothing. */
export async function copyEntries(move: Move): Promise<void> {
  const { redis, to, counts, onPage } = move;
  const scripts = createInFlight(SCRIPTS_IN_FLIGHT);
  for (const shard of move.from) {
    for (const board of to.boards) {
      for await (const arrivals of readAhead(readStrangers(move, shard, board))) {
        const rows = await readRows(move, shard, board, arrivals);
        counts.broken += arrivals.length - rows.length;
        for (const slice of slicesByKeys(to, rows)) {
          await scripts.start(async () => void (await putEntries(redis, to, slice)));
        }
        counts.entries += rows.length;
        await onPage();
      }
    }
  }
  await scripts.finish();
}

/** Takes away what was copied, so that everybody is only where they belong. */
export async function removeStrangers(move: Move): Promise<void> {
  const { redis, region, from, to, onPage } = move;
  for (const shard of from) {
    for (const board of to.boards) {
      const [ranking, arrivals] = [boardKey(shard, board), arrivalsKey(shard, board)];
      if (isVanishing(move, shard)) await redis.unlink(ranking, arrivals, clockKey(shard));
      for await (const page of readStrangers(move, shard, board)) {
        const members = page.map(({ userId, arrival }) => arrival + userId);
        const ids = page.map(({ userId }) => userId);
        await redis
          .multi()
          .zrem(ranking, ...members)
          .hdel(arrivals, ...ids)
          .exec();
        await onPage();
      }
    }
  }
  // After the entries, which cannot be copied again without their profiles.
  for await (const found of scanShards(redis, region, from, profileKeyPrefix)) {
    const strangers = found.filter(({ shard, rest }) => homeOf(move, rest).tag !== shard.tag);
    await Promise.all(strangers.map(({ key }) => redis.unlink(key)));
    await onPage();
  }
}

interface Arrived {
  userId: string;
  arrival: string;
}

/** Players of a shard who do not belong there. Some may come twice. */
async function* readStrangers(move: Move, shard: Shard, board: string): AsyncGenerator<Arrived[]> {
  let cursor = "0";
  do {
    const [next, flat] = await move.redis.hscan(arrivalsKey(shard, board), cursor, "COUNT", STEP);
    cursor = next;
    const page: Arrived[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const [userId = "", arrival = ""] = flat.slice(i, i + 2);
      if (homeOf(move, userId).tag !== shard.tag) page.push({ userId, arrival });
    }
    if (page.length > 0) yield page;
  } while (cursor !== "0");
}

/** The entries of these players; nobody writes them, so that plain commands see one moment. */
async function readRows({ redis, region }: Move, shard: Shard, board: string, page: Arrived[]): Promise<EntryRow[]> {
  const members = page.map(({ userId, arrival }) => arrival + userId);
  const [scores, profiles] = await Promise.all([
    redis.zmscore(boardKey(shard, board), ...members),
    Promise.all(page.map(({ userId }) => redis.hmget(profileKey(shard, userId), "name", updatedAtField(board)))),
  ]);
  return page.flatMap(({ userId, arrival }, index): EntryRow[] => {
    const score = scores[index];
    const [name, version] = profiles[index] ?? [];
    if (score == null || name == null || version == null) return [];
    const reachedAt = String(fromArrival(arrival));
    const row = { board, user_id: userId, name, region, score, reached_at: reachedAt, updated_at: version };
    return isSoundEntry(row) ? [row] : [];
  });
}
