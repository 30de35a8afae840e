import { parseRecord } from "shared/entries/records";
import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { boardKey, entriesKey, hiddenKey } from "shared/redis/keys";
import { readAhead } from "../command/in-flight.ts";
import { scanHash } from "../command/scan-hash.ts";
import { judge } from "../reconcile/compare.ts";
import { type NamedBoard, nameMembers } from "../reconcile/name-members.ts";
import type { Reading, Suspect } from "../reconcile/reconcile.ts";
import { type EntryRow, readBoardEntries, readEntriesOf } from "../rows/read-entries.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";

export interface Search extends NamedBoard {
  topology: Topology;
  region: string;
  /** Shards of the region to compare. */
  shards: readonly Shard[];
  readClaims: (suspects: readonly Suspect[]) => Promise<Reading<EntryRow>[]>;
}

type Page = { compared: number; suspects: Suspect[] };

const PAGE = 1_000;
// A scan of 500 members blocks Redis for some 1 ms.
const STEP = 500;

/** Players on a board of a region who look different in Redis and PostgreSQL, page by page. */
export async function* findSuspects(search: Search): AsyncGenerator<Page> {
  yield* findInPostgres(search);
  for (const shard of search.shards) {
    for (const key of rankingsOf(search, shard)) yield* findInRanking(search, shard, key);
    yield* findInRecords(search, shard);
  }
}

/** Rows that differ from their entry. */
async function* findInPostgres({ database, topology, board, region, readClaims }: Search): AsyncGenerator<Page> {
  const part = { board, region, from: "leaderboard" } as const;
  for await (const rows of readAhead(readBoardEntries(database, part, PAGE))) {
    const rowById = new Map(rows.map((row) => [row.user_id, row]));
    const mine = rows.map(({ user_id: id }) => toSuspect(shardOf(topology, region, id), board, id));
    const readings = await readClaims(mine);
    const suspects = readings.flatMap(({ suspect, claim, isSame }) => {
      const { kind } = judge(claim, rowById.get(suspect.userId), isSoundEntry, isSame);
      return kind === "same" ? [] : [suspect];
    });
    yield { compared: readings.length, suspects };
  }
}

/**
 * Members without a row, and second members of a player. Other differences were found from the
 * rows.
 */
async function* findInRanking(search: Search, shard: Shard, key: string): AsyncGenerator<Page> {
  const { board } = search;
  for await (const { members, ids, records } of readAhead(readRanking(search, shard, key))) {
    const hasRow = await findRows(search, ids);
    const named = ids.map((id, index) => parseRecord(records[index] ?? "").place + id);
    const isNamed = (index: number) => members[index] === named[index];
    const strays = named.filter((_, index) => !isNamed(index));
    const isRanked = await findMembers(search, shard, strays);
    const doubled = new Set(strays.filter((_, index) => isRanked[index]));
    const suspects = members.flatMap((member, index): Suspect[] => {
      const suspect = toSuspect(shard, board, ids[index] ?? "");
      const isFound = hasRow(suspect.userId) && !doubled.has(named[index] ?? "");
      if (isFound) return [];
      return isNamed(index) ? [suspect] : [{ ...suspect, member, key: `${key} ${member}` }];
    });
    yield { compared: members.length, suspects };
  }
}

/** The ranking of visible players and that of hidden ones. */
const rankingsOf = ({ board }: Search, shard: Shard) => [boardKey(shard, board), hiddenKey(shard, board)];

/** Whether each of these members stands in one of the two rankings. */
async function findMembers(search: Search, shard: Shard, members: readonly string[]): Promise<boolean[]> {
  if (members.length === 0) return [];
  const scores = await Promise.all(rankingsOf(search, shard).map((key) => search.redis.zmscore(key, ...members)));
  return members.map((_, index) => scores.some((each) => each[index] !== null));
}

async function* readRanking(search: Search, shard: Shard, key: string) {
  let cursor = "0";
  do {
    const [next, flat] = await search.redis.zscan(key, cursor, "COUNT", STEP);
    cursor = next;
    const members = flat.filter((_, index) => index % 2 === 0);
    if (members.length > 0) yield { members, ...(await nameMembers(search, shard, members)) };
  } while (cursor !== "0");
}

/** Records without a member and without a row. */
async function* findInRecords(search: Search, shard: Shard): AsyncGenerator<Page> {
  const { redis, board } = search;
  const key = entriesKey(shard, board);
  for await (const page of scanHash(redis, key, STEP)) {
    const ids = page.map(([userId]) => userId);
    const members = page.map(([userId, record]) => parseRecord(record).place + userId);
    const isRanked = await findMembers(search, shard, members);
    const lost = ids.filter((_, index) => !isRanked[index]);
    const hasRow = lost.length === 0 ? () => true : await findRows(search, lost);
    const suspects = lost.filter((id) => !hasRow(id));
    yield { compared: 0, suspects: suspects.map((id) => ({ ...toSuspect(shard, board, id), key })) };
  }
}

/** Tells which of these players have a row in this region. */
async function findRows({ database, board, region }: Search, ids: readonly string[]) {
  const rows = await readEntriesOf(database, board, ids);
  const known = new Set(rows.filter((row) => row.region === region).map((row) => row.user_id));
  return (userId: string) => known.has(userId);
}

const toSuspect = (shard: Shard, board: string, userId: string): Suspect => ({
  tag: shard.tag,
  userId,
  member: "",
  key: boardKey(shard, board),
});
