import { parseRecord } from "shared/entries/records";
import { GLOBAL, type Shard, shardsThatMayHold, type Topology } from "shared/model/regions";
import type { Databases } from "shared/postgres/databases";
import { boardKeys, entriesKey, erasedKey, removedKey } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isHiddenPart, membersPart, versionsPart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { isDeletingPart } from "../boards/is-deleting.ts";
import { takeErased } from "../boards/take-erased.ts";
import { toErasedAt, toMoment } from "../reconcile/oldest-queued.ts";
import type { Reading, Subject, Suspect } from "../reconcile/reconcile.ts";
import { toKept } from "../restore/entry-forms.ts";
import { type EntryRow, readEntriesOf } from "../rows/read-entries.ts";
import { readErasuresOf } from "../rows/read-erasures.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";
import { overwriteScores } from "../rows/upsert-scores.ts";
import { entryScope } from "../rows/version-rule.ts";
import { findSuspects } from "./entry-suspects.ts";
import mendSource from "./mend-entry.lua" with { type: "text" };
import readSource from "./read-entries.lua" with { type: "text" };
import { type FoundEntry, toEntryClaim } from "./redis-claims.ts";

export interface EntrySubjectOptions {
  topology: Topology;
  stores: Stores;
  databases: Databases;
  board: string;
  region: string;
  /** Shards of the region to compare. */
  shards: readonly Shard[];
}

// A script that reads 250 entries blocks Redis for some 1 ms.
const ENTRIES_PER_SCRIPT = 250;

/** A ranker takes an erased player off all boards of a shard, a page a script, within this time. */
const ERASURE_US_MAX = 10_000_000;

type Text = string | null;
type RawEntry = [record: Text, score: Text, stray: Text, strayScore: Text, erasure: Text, details: Text];
const readLayout = defineLayout({
  keys: ["board", "hidden", "entries", "details", "queue", "clock", "visibility"],
  item: { userId: "text", member: "text" },
});
const readScript = defineScript({
  name: "read-entries",
  source: readSource,
  parts: [versionsPart, isHiddenPart, membersPart],
  layout: readLayout,
  parse: (reply) => reply as [oldestEvent: Text, clock: Text, now: string, ...RawEntry[]],
});
const mendLayout = defineLayout({
  keys: ["board", "hidden", "entries", "details", "clock", "erased", "removed", "visibility", "boards"],
  args: {
    boardId: "text",
    userId: "text",
    readRecord: "text",
    readMember: "text",
    readScore: "text",
    stray: "text",
    record: "text",
    member: "text",
    score: "text",
    detail: "text",
    version: "number",
  },
});
const mendScript = defineScript({
  name: "mend-entry",
  source: mendSource,
  parts: [versionsPart, isHiddenPart, isDeletingPart],
  layout: mendLayout,
  parse: Number,
});

/** One board of one region, as a {@link Subject}. */
export function createEntrySubject(options: EntrySubjectOptions): Subject<EntryRow> {
  const { topology, stores, databases, board, region, shards } = options;
  const redis = stores.of(region);
  const database = databases.of(region);
  const shardByTag = new Map(shards.map((shard) => [shard.tag, shard]));

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
    const keys = readLayout.toKeys(boardKeys(shard, board));
    keys.push(...suspects.flatMap(({ userId }) => [erasedKey(shard, userId), removedKey(shard, board, userId)]));
    const [oldestEvent, clock, now, ...raws] = await readScript(redis, keys, suspects.flatMap(readLayout.toItem));
    const { oldestWaiting, latestVersion } = toMoment(oldestEvent, clock, now);
    const readings = suspects.map((suspect, index): Reading<EntryRow> => {
      const found = toFound(raws[index]);
      const claim = toEntryClaim(found, suspect.userId, { board, region, latestVersion });
      const version = Number(claim.row?.updated_at ?? 0);
      const erasedAt = toErasedAt(raws[index]?.[4]);
      const isUnderWay = erasedAt >= oldestWaiting || Number(now) - erasedAt < ERASURE_US_MAX;
      return {
        suspect,
        claim,
        isForeign: false,
        erasedAt,
        isQueued: version >= oldestWaiting || (version <= erasedAt && isUnderWay),
        isSame: (claimed, row) => COMPARED.every((column) => (claimed[column] ?? null) === (row[column] ?? null)),
        mend: (row) => mend(shard, found, row),
        async erase(version) {
          await takeErased(redis, shard, [board], [{ userId: suspect.userId, version }]);
        },
      };
    });
    return withoutForeign(readings);
  }

  async function mend(shard: Shard, { record, score, stray }: FoundEntry, row: EntryRow): Promise<void> {
    const { user_id: userId } = row;
    const kept = toKept(row);
    const erased = erasedKey(shard, userId);
    const removed = removedKey(shard, board, userId);
    const keys = mendLayout.toKeys({ ...boardKeys(shard, board), erased, removed });
    const args = mendLayout.toArgs({
      boardId: board,
      userId,
      readRecord: record ?? "",
      readMember: record === null ? "" : parseRecord(record).place + userId,
      readScore: score ?? "",
      stray: stray?.member ?? "",
      record: kept.record,
      member: kept.member,
      score: kept.score,
      detail: kept.details ?? "",
      version: Number(row.updated_at),
    });
    await mendScript(redis, keys, args);
  }

  /**
   * Finds absent players who live in another region: their row names the wrong region. Where the
   * two regions share a database, the other region repairs the row, and the reading is left out
   * here.
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
      const isThere = await stores.of(shard.region).hexists(entriesKey(shard, board), userId);
      if (isThere === 1) return shard.region;
    }
    return undefined;
  }

  return {
    board,
    findSuspects: () => findSuspects({ database, redis, topology, board, region, shards, readClaims }),
    readClaims,
    readRows: (userIds) => readEntriesOf(database, board, userIds),
    async readErasures(userIds) {
      const erasedAt = new Map<string, number>();
      for (const scope of [region, entryScope(region, board)]) {
        for (const { user_id, erased_us } of await readErasuresOf(database, scope, userIds)) {
          erasedAt.set(user_id, Math.max(erasedAt.get(user_id) ?? 0, Number(erased_us)));
        }
      }
      return erasedAt;
    },
    isSound: isSoundEntry,
    overwriteRows: (rows) => database.run((sql) => overwriteScores(sql, rows)),
  };
}

const COMPARED = [
  "score",
  "sort_key",
  "sub",
  "sub_key",
  "attempts",
  "metadata",
  "reached_at",
  "region",
  "name",
] as const satisfies (keyof EntryRow)[];

function toFound(raw: RawEntry = [null, null, null, null, null, null]): FoundEntry {
  const [record, score, stray, strayScore, , details] = raw;
  return {
    record,
    details,
    score,
    stray: stray === null || strayScore === null ? null : { member: stray, score: strayScore },
  };
}
