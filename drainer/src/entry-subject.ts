import {
  arrivalsKey,
  boardKey,
  clockKey,
  erasedKey,
  erasedKeyPrefix,
  MAIN_BOARD,
  profileKey,
  profileKeyPrefix,
  queueKey,
  updatedAtField,
} from "shared/keys";
import { defineScript, type Redis } from "shared/redis";
import { GLOBAL, type Shard, shardOf, shardsThatMayHold, type Topology } from "shared/regions";
import type { Stores } from "shared/stores";
import { ARRIVAL_DIGITS, toArrival } from "shared/times";
import { type FoundEntry, toEntryClaim } from "./claims.ts";
import { judge } from "./compare.ts";
import type { Databases } from "./databases.ts";
import { readAhead } from "./in-flight.ts";
import mendSource from "./mend-entry.lua" with { type: "text" };
import readSource from "./read-entries.lua" with { type: "text" };
import { type EntryRow, readBoardEntries, readEntriesOf } from "./read-rows.ts";
import type { Reading, Subject, Suspect } from "./reconcile.ts";
import { isSoundEntry } from "./sound.ts";
import { overwriteScores } from "./upsert-scores.ts";
import { toErasedAt, toMoment } from "./waiting.ts";

export interface EntrySubjectOptions {
  topology: Topology;
  stores: Stores;
  databases: Databases;
  board: string;
  region: string;
  /** Shards of the region to be looked at. */
  shards: readonly Shard[];
}

const PAGE = 1_000;
// A step of 500 through a ranking, or a script that reads 250 entries, holds Redis for some 1 ms.
const STEP = 500;
const ENTRIES_PER_SCRIPT = 250;

type Text = string | null;
type RawEntry = [
  arrival: Text,
  score: Text,
  stray: Text,
  erased: Text,
  name: Text,
  region: Text,
  profileScore: Text,
  ...Text[],
];
const readScript = defineScript({
  source: readSource,
  parse: (reply) => reply as [oldestEvent: Text, clock: Text, now: string, ...RawEntry[]],
});
const mendScript = defineScript({ source: mendSource, parse: Number });

const split = (member: string) => ({ arrival: member.slice(0, ARRIVAL_DIGITS), userId: member.slice(ARRIVAL_DIGITS) });

/** One board of one region, as {@link Subject}. */
export function createEntrySubject(options: EntrySubjectOptions): Subject<EntryRow> {
  const { topology, stores, databases, board, region, shards } = options;
  const redis = stores.of(region);
  const database = databases.of(region);
  const otherBoards = topology.boards.filter((other) => other !== board);
  const versionFields = [board, ...otherBoards].map(updatedAtField);
  const shardByTag = new Map(shards.map((shard) => [shard.tag, shard]));

  const toSuspect = (shard: Shard, userId: string): Suspect => ({
    ...{ tag: shard.tag, userId, member: "", key: boardKey(shard, board) },
  });

  async function readClaims(suspects: readonly Suspect[]): Promise<Reading<EntryRow>[]> {
    const readings: Reading<EntryRow>[] = [];
    for (const [tag, ofShard] of Map.groupBy(suspects, (suspect) => suspect.tag)) {
      const shard = shardByTag.get(tag);
      if (shard === undefined) continue;
      for (let i = 0; i < ofShard.length; i += ENTRIES_PER_SCRIPT) {
        readings.push(...(await readShard(shard, ofShard.slice(i, i + ENTRIES_PER_SCRIPT))));
      }
    }
    return readings;
  }

  async function readShard(shard: Shard, suspects: readonly Suspect[]): Promise<Reading<EntryRow>[]> {
    const keys = [boardKey(shard, board), arrivalsKey(shard, board), queueKey(shard), clockKey(shard)];
    const pairs = suspects.flatMap(({ userId, member }) => [userId, member]);
    const args = [profileKeyPrefix(shard), erasedKeyPrefix(shard), versionFields.length, ...versionFields, ...pairs];
    const [oldestEvent, clock, now, ...raws] = await readScript(redis, keys, args);
    const { oldestWaiting, latestVersion } = toMoment(oldestEvent, clock, now);
    const readings = suspects.map((suspect, index): Reading<EntryRow> => {
      const found = toFound(raws[index], suspect.member);
      const claim = toEntryClaim(found, suspect.userId, { board, region, latestVersion });
      return {
        ...{ suspect, claim, isForeign: false, erasedAt: toErasedAt(raws[index]?.[3]) },
        isQueued: Number(claim.row?.updated_at ?? 0) >= oldestWaiting,
        isSame: (claimed, row) =>
          claimed.score === row.score &&
          claimed.reached_at === row.reached_at &&
          claimed.region === row.region &&
          (claimed.name === row.name || !found.isNewest),
        mend: (row) => mend(redis, shard, found, suspect.member, row),
      };
    });
    return withoutForeign(readings);
  }

  async function mend(client: Redis, shard: Shard, found: FoundEntry, seen: string, row: EntryRow): Promise<void> {
    const { board: name, user_id: userId, reached_at: reachedAt } = row;
    const keys = [boardKey(shard, name), arrivalsKey(shard, name), profileKey(shard, userId), clockKey(shard)];
    keys.push(erasedKey(shard, userId));
    const read = [found.arrival ?? "", found.score ?? "", found.version ?? ""];
    await mendScript(client, keys, [
      ...[userId, ...read, found.stray === null ? "" : seen, toArrival(Number(reachedAt)), row.score, row.updated_at],
      ...[row.name, region, name === MAIN_BOARD ? "score" : "", ...versionFields],
    ]);
  }

  /**
   * A player has one home. Of those who are not on this shard, the ones who live in another region: their row names
   * the wrong region, and is that region's to repair where the two share a database.
   */
  async function withoutForeign(readings: readonly Reading<EntryRow>[]): Promise<Reading<EntryRow>[]> {
    const checked = await Promise.all(
      readings.map(async (reading) => {
        const home = reading.claim.isPresent ? undefined : await findHome(reading.suspect.userId);
        if (home === undefined) return [reading];
        return databases.of(home) === database ? [] : [{ ...reading, isForeign: true }];
      }),
    );
    return checked.flat();
  }

  async function findHome(userId: string): Promise<string | undefined> {
    for (const shard of shardsThatMayHold(topology, GLOBAL, userId)) {
      if (shard.region === region) continue;
      const isThere = await stores.of(shard.region).hexists(arrivalsKey(shard, board), userId);
      if (isThere === 1) return shard.region;
    }
    return undefined;
  }

  /** Rows that no entry is like. */
  async function* findInPostgres() {
    for await (const rows of readAhead(readBoardEntries(database, { board, region }, PAGE))) {
      const rowById = new Map(rows.map((row) => [row.user_id, row]));
      const mine = rows.map(({ user_id: userId }) => toSuspect(shardOf(topology, region, userId), userId));
      const readings = await readClaims(mine);
      const suspects = readings.flatMap(({ suspect, claim, isSame }) => {
        const { kind } = judge(claim, rowById.get(suspect.userId), isSoundEntry, isSame);
        return kind === "same" ? [] : [suspect];
      });
      yield { compared: readings.length, suspects };
    }
  }

  /** Members that have no row, or that stand beside the right one. Whatever else has a row was found from there. */
  async function* findInRanking(shard: Shard) {
    const key = boardKey(shard, board);
    for await (const { members, ids, arrivals } of readAhead(readRanking(shard))) {
      const hasRow = await findRows(ids);
      const named = members.map((_, index) => `${arrivals[index] ?? ""}${ids[index]}`);
      const isNamed = (index: number) => members[index] === named[index];
      const strays = named.filter((_, index) => !isNamed(index));
      const scores = strays.length === 0 ? [] : await redis.zmscore(key, ...strays);
      const doubled = new Set(strays.filter((_, index) => scores[index] !== null));
      const suspects = members.flatMap((member, index): Suspect[] => {
        const suspect = toSuspect(shard, ids[index] ?? "");
        const isFound = hasRow(suspect.userId) && !doubled.has(named[index] ?? "");
        if (isFound) return [];
        return isNamed(index) ? [suspect] : [{ ...suspect, member, key: `${key} ${member}` }];
      });
      yield { compared: members.length, suspects };
    }
  }

  async function* readRanking(shard: Shard) {
    let cursor = "0";
    do {
      const [next, flat] = await redis.zscan(boardKey(shard, board), cursor, "COUNT", STEP);
      cursor = next;
      const members = flat.filter((_, index) => index % 2 === 0);
      const ids = members.map((member) => split(member).userId);
      const arrivals = ids.length === 0 ? [] : await redis.hmget(arrivalsKey(shard, board), ...ids);
      if (ids.length > 0) yield { members, ids, arrivals };
    } while (cursor !== "0");
  }

  /** Arrivals that name no member and have no row. */
  async function* findInArrivals(shard: Shard) {
    const key = arrivalsKey(shard, board);
    let cursor = "0";
    do {
      const [next, flat] = await redis.hscan(key, cursor, "COUNT", STEP);
      cursor = next;
      const pairs = flat.flatMap((userId, index) => (index % 2 === 0 ? [{ userId, arrival: flat[index + 1] }] : []));
      if (pairs.length === 0) continue;
      const members = pairs.map(({ userId, arrival }) => `${arrival}${userId}`);
      const scores = await redis.zmscore(boardKey(shard, board), ...members);
      const lost = pairs.flatMap(({ userId }, index) => (scores[index] === null ? [userId] : []));
      const hasRow = lost.length === 0 ? () => true : await findRows(lost);
      const suspects = lost.filter((userId) => !hasRow(userId));
      yield { compared: 0, suspects: suspects.map((userId) => ({ ...toSuspect(shard, userId), key })) };
    } while (cursor !== "0");
  }

  /** Which of these players the walk through the rows has met. */
  async function findRows(ids: readonly string[]): Promise<(userId: string) => boolean> {
    const rows = await readEntriesOf(database, board, ids);
    const known = new Set(rows.filter((row) => row.region === region).map((row) => row.user_id));
    return (userId) => known.has(userId);
  }

  return {
    board,
    async *findSuspects() {
      yield* findInPostgres();
      for (const shard of shards) {
        yield* findInRanking(shard);
        yield* findInArrivals(shard);
      }
    },
    readClaims,
    readRows: (userIds) => readEntriesOf(database, board, userIds),
    isSound: isSoundEntry,
    overwriteRows: (rows) => database.run((sql) => overwriteScores(sql, rows)),
  };
}

function toFound(raw: RawEntry | undefined, seen: string): FoundEntry {
  const [arrival = null, score = null, stray = null, , name = null, region = null, profileScore = null] = raw ?? [];
  const [version = null, ...others] = raw?.slice(7) ?? [];
  return {
    ...{ arrival, score, name, region, profileScore, version },
    stray: stray === null ? null : { member: seen, score: stray },
    isNewest: others.every((other) => Number(other ?? 0) <= Number(version ?? 0)),
  };
}
