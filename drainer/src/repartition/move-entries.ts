import { ARRIVAL_DIGITS } from "shared/base/times";
import { type EntryRecord, parseRecord } from "shared/entries/records";
import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { boardKey, clockKey, detailsKey, entriesKey, entryKeys, hiddenKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { boardsWithEntries } from "../boards/boards-with-entries.ts";
import { createInFlight, readAhead } from "../command/in-flight.ts";
import { scanHash } from "../command/scan-hash.ts";
import { toColumns } from "../restore/entry-forms.ts";
import { putEntries, SCRIPTS_IN_FLIGHT, slicesByKeys } from "../restore/put-entries.ts";
import type { EntryRow } from "../rows/read-entries.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";

/**
 * A region whose entries move from shards that are closed to writes to the shards of another
 * topology.
 */
export interface Move {
  redis: Redis;
  region: string;
  from: readonly Shard[];
  /** The new topology. */
  to: Topology;
  counts: MoveCounts;
  /** Called after each page. Throws to end the move. */
  onPage(): Promise<void>;
}

interface BoardOfShard {
  shard: Shard;
  board: string;
}

export interface MoveCounts {
  entries: number;
  /**
   * Entries left out because their record is invalid or has no member in a ranking. `restore`
   * brings them back from PostgreSQL.
   */
  broken: number;
  /** Answers kept for idempotency keys. */
  answers: number;
}

const STEP = 500;

/** The shard of the new topology where a player belongs. */
export const newShardOf = ({ to, region }: Move, userId: string): Shard => shardOf(to, region, userId);

/** True for a shard that the new topology does not have. */
export const isVanishing = ({ to, region }: Move, { tag }: Shard): boolean =>
  !to.shards.some((shard) => shard.region === region && shard.tag === tag);

/** Copies every entry to its new shard. A repetition changes nothing. */
export async function copyEntries(move: Move): Promise<void> {
  const { redis, to, counts, onPage } = move;
  await using scripts = createInFlight(SCRIPTS_IN_FLIGHT);
  for await (const { shard, board } of readBoards(move)) {
    for await (const page of readAhead(readStrangers(move, shard, entriesKey(shard, board)))) {
      const rows = await readRows(move, shard, board, page);
      counts.broken += page.length - rows.length;
      for (const slice of slicesByKeys(to, rows)) {
        await scripts.start(async () => void (await putEntries(redis, slice)));
      }
      counts.entries += rows.length;
      await onPage();
    }
  }
  await scripts.finish();
}

/**
 * Removes copied entries from their old shards. The boards of an old shard go later: by them a
 * repetition finds what is left.
 */
export async function removeStrangers(move: Move): Promise<void> {
  const { redis, from, onPage } = move;
  for await (const { shard, board } of readBoards(move)) {
    if (isVanishing(move, shard)) await redis.unlink(...entryKeys(shard, board));
    for await (const page of readStrangers(move, shard, entriesKey(shard, board))) {
      const members = page.map(([userId, record]) => parseRecord(record).place + userId);
      const ids = page.map(([userId]) => userId);
      await redis
        .multi()
        .zrem(boardKey(shard, board), ...members)
        .zrem(hiddenKey(shard, board), ...members)
        .hdel(detailsKey(shard, board), ...ids)
        .hdel(entriesKey(shard, board), ...ids)
        .exec();
      await onPage();
    }
  }
  for (const shard of from) if (isVanishing(move, shard)) await redis.unlink(clockKey(shard));
}

/** The boards that have entries on the old shards, shard by shard. */
async function* readBoards({ redis, from, to }: Move): AsyncGenerator<BoardOfShard> {
  for (const shard of from) {
    for await (const boards of boardsWithEntries(redis, shard, to.configuredBoards)) {
      for (const board of boards) yield { shard, board };
    }
  }
}

type Stranger = [userId: string, value: string];

/**
 * Fields of a shard's hash, by `user_id`, that do not belong on the shard in the new topology. A
 * player may come twice.
 */
export async function* readStrangers(move: Move, shard: Shard, key: string): AsyncGenerator<Stranger[]> {
  for await (const page of scanHash(move.redis, key, STEP)) {
    const strangers = page.filter(([userId]) => newShardOf(move, userId).tag !== shard.tag);
    if (strangers.length > 0) yield strangers;
  }
}

/**
 * The entries of these players. The shards are closed to writes, so that separate commands see the
 * same state.
 */
async function readRows({ redis, region }: Move, shard: Shard, board: string, page: Stranger[]): Promise<EntryRow[]> {
  const records = page.map(([, record]) => parseRecord(record));
  const members = page.map(([userId], index) => `${records[index]?.place}${userId}`);
  const ids = page.map(([userId]) => userId);
  const [shown, hidden, details] = await Promise.all([
    redis.zmscore(boardKey(shard, board), ...members),
    redis.zmscore(hiddenKey(shard, board), ...members),
    redis.hmget(detailsKey(shard, board), ...ids),
  ]);
  return page.flatMap(([userId], index): EntryRow[] => {
    const [record, score] = [records[index], shown[index] ?? hidden[index]];
    if (record === undefined || score == null || (record.sub === null) !== (record.place.length === ARRIVAL_DIGITS))
      return [];
    const row: EntryRow = {
      board,
      user_id: userId,
      region,
      ...toColumns(ranked(record, score), details[index] ?? null),
    };
    return isSoundEntry(row) ? [row] : [];
  });
}

/** The ranking decides where a record contradicts it. */
function ranked(record: EntryRecord, rankedScore: string): EntryRecord {
  if (record.rankedScore === rankedScore) return record;
  const isAscending = record.score !== record.rankedScore;
  return { ...record, rankedScore, score: isAscending ? String(0 - Number(rankedScore)) : rankedScore };
}
