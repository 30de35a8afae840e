import { parseRecord } from "shared/entries/records";
import { moveHome } from "shared/homes/homes";
import type { Shard } from "shared/model/regions";
import { accountKey, boardKeys, entriesKey, queueKey } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { membersPart, versionsPart } from "shared/redis/scripts/parts";
import { boardsWithEntries } from "../boards/boards-with-entries.ts";
import { scanHash } from "../command/scan-hash.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";
import type { ReconcileCounts, ReconcileOptions } from "../reconcile/reconcile.ts";
import { deleteEntry } from "../rows/delete-entry.ts";
import { toTime } from "../rows/sound-rows.ts";
import type { Sides } from "./sides.ts";
import takeSource from "./take-entry.lua" with { type: "text" };

// A scan of 500 records blocks Redis for some 1 ms.
const PAGE = 500;

const layout = defineLayout({
  keys: ["board", "hidden", "entries", "details", "clock"],
  args: { userId: "text", readRecord: "text" },
});
const script = defineScript({
  name: "take-entry",
  source: takeSource,
  parts: [versionsPart, membersPart],
  layout,
  parse: (reply) => reply === 1,
});

/** An entry of a player whom another region has, too, in the entry that counts. */
interface Double {
  shard: Shard;
  board: string;
  userId: string;
  record: string;
  /** Version of the record (µs), unparsed. */
  version: string;
  /** The region of the entry that counts. */
  home: string;
}

/**
 * Finds players who stand on a board in two regions, as releases before homes were kept allowed.
 * The entry in the region of the player's account counts, or for a player without one the newest.
 * With `isFixing` the other one is taken away, from both stores.
 */
export const doubleSweep =
  (sides: Sides, shards: readonly Shard[]) =>
  async (options: ReconcileOptions): Promise<ReconcileCounts> => {
    const counts: ReconcileCounts = { compared: 0, moving: 0 };
    let startedAt = performance.now();
    for (const shard of shards) {
      for await (const { board, page } of readShard(sides, shard)) {
        for (const double of await findDoubles(sides, { shard, board, page })) {
          counts.moving += await settle(sides, double, options);
        }
        await options.onPage?.(counts, performance.now() - startedAt);
        startedAt = performance.now();
      }
    }
    return counts;
  };

/** The entries of all boards of a shard, page by page. */
async function* readShard({ topology, stores }: Sides, shard: Shard): AsyncGenerator<Omit<Page, "shard">> {
  const redis = stores.of(shard.region);
  for await (const boards of boardsWithEntries(redis, shard, topology.configuredBoards)) {
    for (const board of boards) {
      for await (const page of scanHash(redis, entriesKey(shard, board), PAGE)) yield { board, page };
    }
  }
}

interface Page {
  shard: Shard;
  board: string;
  page: readonly [userId: string, record: string][];
}

/** The entries of one page that another region's entry outranks. */
async function findDoubles(sides: Sides, { shard, board, page }: Page): Promise<Double[]> {
  const { topology, stores } = sides;
  const ids = page.map(([userId]) => userId);
  const others = topology.shards.filter((each) => each.region !== shard.region && each.partition === shard.partition);
  const found = await Promise.all(
    others.map(async ({ region, ...rest }) => {
      const key = entriesKey({ region, ...rest }, board);
      // A region that is away hides its doubles until the next sweep.
      const records = await stores
        .of(region)
        .hmget(key, ...ids)
        .catch(() => []);
      return { region, records };
    }),
  );
  const doubles: Double[] = [];
  for (const [index, [userId, record]] of page.entries()) {
    const rivals = found.flatMap(({ region, records }) => {
      const other = records[index];
      return other == null ? [] : [{ region, version: toVersion(other) }];
    });
    if (rivals.length === 0) continue;
    const version = toVersion(record);
    const all = [...rivals, { region: shard.region, version }];
    const account = await stores.home.hget(accountKey(userId), "region");
    const home = all.find(({ region }) => region === account)?.region ?? newestOf(all);
    if (home !== undefined && home !== shard.region)
      doubles.push({ shard, board, userId, record, version: String(version), home });
  }
  return doubles;
}

/** A record without a version counts as the oldest. */
const toVersion = (record: string): number => toTime(parseRecord(record).updatedAt) ?? 0;

/** The same at every look: of entries as new the region decides. */
const newestOf = (entries: readonly { region: string; version: number }[]): string | undefined =>
  entries.toSorted((a, b) => b.version - a.version || (a.region < b.region ? 1 : -1))[0]?.region;

/** @returns 1 where the entry was left alone, because its last write waits for PostgreSQL */
async function settle(
  { topology, stores, databases }: Sides,
  { shard, board, userId, record, version, home }: Double,
  { isFixing, onDrift }: ReconcileOptions,
): Promise<number> {
  const { region, tag } = shard;
  const redis = stores.of(region);
  const { oldestWaiting } = toMoment(await redis.lindex(queueKey(shard), -1), null, "0");
  if (Number(version) >= oldestWaiting) return 1;
  let isRepaired = false;
  if (isFixing) {
    // The row first: without its entry the next sweep would put the entry back.
    await databases.of(region).run((sql) => deleteEntry(sql, { board, user_id: userId, region, updated_at: version }));
    const keys = layout.toKeys(boardKeys(shard, board));
    isRepaired = await script(redis, keys, layout.toArgs({ userId, readRecord: record }));
    await moveHome({ topology, stores }, userId, { from: region, to: home });
  }
  const key = entriesKey(shard, board);
  onDrift({ tag, board, user_id: userId, key, kind: "entry_doubled", isRepaired });
  return 0;
}
