import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { openDatabases } from "shared/postgres/databases";
import { accountKey, boardKey, entriesKey, homesKey, queueKey } from "shared/redis/keys";
import { connectStores } from "shared/stores/stores";
import { scratchPostgres } from "testing/scratch";
import { scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { migrate } from "../postgres/migrate.ts";
import type { Drift } from "../reconcile/reconcile.ts";
import { putEntries } from "../restore/put-entries.ts";
import { readEntriesOf } from "../rows/read-entries.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import type { Sides } from "./sides.ts";
import { entrySweeps } from "./subjects.ts";

const topology = createTopology(["EU", "NA"], 1, ["main", "weekly"]);
const [eu, na] = topology.shards as [(typeof topology.shards)[0], (typeof topology.shards)[0]];
const VERSION = 1_700_000_000_000_000;

describe.each(["one database", "a database for each region"])("with %s", (kind) => {
  let it: UnderTest;
  let other: Awaited<ReturnType<typeof scratchPostgres>> | undefined;
  let sides: Sides;
  beforeAll(async () => {
    it = await startUnderTest();
    const urls = new Map([["EU", it.postgresUrl]]);
    if (kind !== "one database") {
      other = await scratchPostgres(["na"]);
      await migrate(other.url("na"));
    }
    urls.set("NA", other?.url("na") ?? it.postgresUrl);
    const stores = connectStores({
      homeUrl: it.redisUrl,
      urlsByRegion: new Map(topology.regions.map((region) => [region, it.redisUrl])),
      name: "test",
      log: createLog("test", "silent"),
    });
    await Promise.all(stores.all.map((redis) => redis.connect()));
    sides = { topology, stores, databases: openDatabases(it.postgresUrl, urls) };
  });
  afterAll(async () => {
    sides.stores.close();
    await sides.databases.close();
    await other?.dispose();
    await it.close();
  });
  beforeEach(async () => {
    await it.clear();
    await sides.databases.of("NA").run((sql) => sql`TRUNCATE leaderboard`);
  });

  async function sweep(isFixing: boolean): Promise<Drift[]> {
    const drifts: Drift[] = [];
    for (const each of entrySweeps(sides, topology.shards)) {
      await each({ isFixing, onDrift: (drift) => void drifts.push(drift) });
    }
    return drifts;
  }

  async function put(userId: string, region: "EU" | "NA", version: number): Promise<void> {
    const row = { ...scoreEvent(userId, version - VERSION, version, { region }), board: "main" };
    await sides.databases.of(region).run((sql) => upsertScores(sql, [row]));
    await putEntries(sides.stores.home, { shard: region === "EU" ? eu : na, board: "main", rows: [row] });
  }
  const regionsInRedis = async (userId: string) => {
    const found = await Promise.all([eu, na].map((shard) => it.redis.hexists(entriesKey(shard, "main"), userId)));
    const ranked = await Promise.all([eu, na].map((shard) => it.redis.zcard(boardKey(shard, "main"))));
    expect(ranked).toEqual(found);
    return [eu, na].filter((_, index) => found[index] === 1).map(({ region }) => region);
  };
  const regionsInPostgres = async (userId: string) => {
    const rows = await Promise.all(
      [...new Set(sides.databases.all)].map((each) => readEntriesOf(each, "main", [userId])),
    );
    return rows.flat().map(({ region }) => region);
  };

  test.each([
    ["EU", "NA"],
    ["NA", "EU"],
  ] as const)("a player in %s who has a newer entry in %s is told, and keeps the newer one", async (old, home) => {
    await put("ada", old, VERSION + 1);
    await put("ada", home, VERSION + 2);
    expect(await sweep(false)).toContainEqual({
      tag: old,
      board: "main",
      user_id: "ada",
      key: `entries:{${old}}`,
      kind: "entry_doubled",
      isRepaired: false,
    });
    expect(await regionsInRedis("ada")).toHaveLength(2);
    expect(await sweep(true)).toMatchObject([{ tag: old, kind: "entry_doubled", isRepaired: true }]);
    expect([await regionsInRedis("ada"), await regionsInPostgres("ada")]).toEqual([[home], [home]]);
    expect(await it.redis.hget(homesKey, "ada")).toBe(home);
    expect(await sweep(false)).toEqual([]);
  });

  test("a player with an account keeps the entry in the account's region", async () => {
    await it.redis.hset(accountKey("ada"), { region: "EU" });
    await put("ada", "EU", VERSION + 1);
    await put("ada", "NA", VERSION + 2);
    await sweep(true);
    expect([await regionsInRedis("ada"), await regionsInPostgres("ada")]).toEqual([["EU"], ["EU"]]);
    expect(await sweep(false)).toEqual([]);
    expect(await it.redis.exists(homesKey)).toBe(0);
  });

  test("an entry whose write waits for PostgreSQL is left alone", async () => {
    await put("ada", "NA", VERSION + 2);
    const event = scoreEvent("ada", 1, VERSION + 1);
    await putEntries(sides.stores.home, { shard: eu, board: "main", rows: [{ ...event, board: "main" }] });
    await it.redis.lpush(queueKey(eu), JSON.stringify(event));
    await sweep(true);
    expect(await regionsInRedis("ada")).toEqual(["EU", "NA"]);
  });
});
