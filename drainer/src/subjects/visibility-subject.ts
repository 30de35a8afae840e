import type { VisibilityEvent } from "shared/model/events";
import { type Shard, shardOf, type Topology } from "shared/model/regions";
import type { Databases } from "shared/postgres/databases";
import { erasedKey, shardKeys, visibilityKey } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { onEveryBoard } from "../boards/on-every-board.ts";
import { placeHidden } from "../boards/place-hidden.ts";
import { readAhead } from "../command/in-flight.ts";
import { scanHash } from "../command/scan-hash.ts";
import { judge } from "../reconcile/compare.ts";
import { toErasedAt, toMoment } from "../reconcile/oldest-queued.ts";
import type { Reading, Subject, Suspect } from "../reconcile/reconcile.ts";
import { putVisibility } from "../restore/put-visibility.ts";
import { readVisibility, readVisibilityOf } from "../rows/read-visibility.ts";
import { isSoundVisibility } from "../rows/sound-rows.ts";
import { overwriteVisibility } from "../rows/upsert-visibility.ts";
import readSource from "./read-visibility.lua" with { type: "text" };
import { toVisibilityClaim } from "./redis-claims.ts";

export interface VisibilitySubjectOptions {
  topology: Topology;
  stores: Stores;
  databases: Databases;
  region: string;
  /** Shards of the region to compare. */
  shards: readonly Shard[];
}

const PAGE = 500;

type Text = string | null;
const readLayout = defineLayout({ keys: ["visibility", "queue", "clock"], item: { userId: "text" } });
const readScript = defineScript({
  name: "read-visibility",
  source: readSource,
  parts: [versionsPart],
  layout: readLayout,
  parse: (reply) => reply as [oldestEvent: Text, clock: Text, now: string, ...[visibility: Text, erasure: Text][]],
});

/** The hidden players of one region, and those shown again, as a {@link Subject}. */
export function createVisibilitySubject(options: VisibilitySubjectOptions): Subject<VisibilityEvent> {
  const { topology, stores, databases, region, shards } = options;
  const redis = stores.of(region);
  const database = databases.of(region);
  const shardByTag = new Map(shards.map((shard) => [shard.tag, shard]));

  const toSuspect = (shard: Shard, userId: string): Suspect => ({
    tag: shard.tag,
    userId,
    member: "",
    key: visibilityKey(shard),
  });

  async function readClaims(suspects: readonly Suspect[]): Promise<Reading<VisibilityEvent>[]> {
    const readings: Reading<VisibilityEvent>[] = [];
    for (const [tag, ofShard] of Map.groupBy(suspects, (suspect) => suspect.tag)) {
      const shard = shardByTag.get(tag);
      if (shard !== undefined) readings.push(...(await readShard(shard, ofShard)));
    }
    return readings;
  }

  async function readShard(shard: Shard, suspects: readonly Suspect[]): Promise<Reading<VisibilityEvent>[]> {
    const keys = readLayout.toKeys(shardKeys(shard));
    keys.push(...suspects.map(({ userId }) => erasedKey(shard, userId)));
    const [oldestEvent, clock, now, ...raws] = await readScript(redis, keys, suspects.flatMap(readLayout.toItem));
    const { oldestWaiting, latestVersion } = toMoment(oldestEvent, clock, now);
    return suspects.map((suspect, index): Reading<VisibilityEvent> => {
      const [found = null, erasure = null] = raws[index] ?? [];
      const claim = toVisibilityClaim(found, { region, user_id: suspect.userId }, latestVersion);
      return {
        suspect,
        claim,
        isForeign: false,
        erasedAt: toErasedAt(erasure),
        isQueued: Number(claim.row?.updated_at ?? 0) >= oldestWaiting,
        isSame: (claimed, row) => claimed.hidden === row.hidden && (claimed.name ?? "") === (row.name ?? ""),
        async mend(row) {
          await putVisibility(redis, shard, [row], found ?? "");
          const { configuredBoards } = topology;
          const players = [row.user_id];
          await onEveryBoard({ redis, shard, configuredBoards, players }, (boards) =>
            placeHidden(redis, shard, boards, players),
          );
        },
      };
    });
  }

  async function* findInPostgres() {
    for await (const rows of readAhead(readVisibility(database, region, PAGE))) {
      const rowById = new Map(rows.map((row) => [row.user_id, row]));
      const readings = await readClaims(rows.map(({ user_id: id }) => toSuspect(shardOf(topology, region, id), id)));
      const suspects = readings.flatMap(({ suspect, claim, isSame }) => {
        const { kind } = judge(claim, rowById.get(suspect.userId), isSoundVisibility, isSame);
        return kind === "same" ? [] : [suspect];
      });
      yield { compared: readings.length, suspects };
    }
  }

  /** Players without a row. */
  async function* findInRedis(shard: Shard) {
    for await (const page of scanHash(redis, visibilityKey(shard), PAGE)) {
      const ids = page.map(([userId]) => userId);
      const known = new Set((await readVisibilityOf(database, region, ids)).map((row) => row.user_id));
      yield { compared: ids.length, suspects: ids.filter((id) => !known.has(id)).map((id) => toSuspect(shard, id)) };
    }
  }

  return {
    board: undefined,
    async *findSuspects() {
      yield* findInPostgres();
      for (const shard of shards) yield* findInRedis(shard);
    },
    readClaims,
    readRows: (userIds) => readVisibilityOf(database, region, userIds),
    isSound: isSoundVisibility,
    overwriteRows: (rows) => database.run((sql) => overwriteVisibility(sql, rows)),
  };
}
