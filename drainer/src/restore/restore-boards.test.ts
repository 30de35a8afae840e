import { beforeEach, describe, expect, test } from "bun:test";
import { createTopology } from "shared/model/regions";
import type { Databases } from "shared/postgres/databases";
import {
  ACCOUNTS_TAG,
  accountQueueKey,
  boardsKey,
  clockKey,
  entryKeys,
  fenceKey,
  visibilityKey,
} from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { scoreEvent, sidesUnderTest, startUnderTest } from "../../test/drainer-under-test.ts";
import { boardEvent, MANY_BOARDS, standingOf } from "../../test/many-boards.ts";
import { eraseEntries } from "../rows/erase-rows.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { upsertVisibility } from "../rows/upsert-visibility.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import { putEntries } from "./put-entries.ts";
import { restore } from "./restore.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const topology = createTopology(["EU"], 2, ["main", "weekly"]);
const [first, second] = topology.shards as [(typeof topology.shards)[0], (typeof topology.shards)[0]];
const { stores, databases } = await sidesUnderTest(it, topology);
beforeEach(() => it.clear());

// Of the two partitions bob has the first, and ann the second.
const shardOfPlayer = { ann: second, bob: first };
type Player = keyof typeof shardOfPlayer;
const PLAYERS = ["ann", "bob"] as const;
const VERSION = 1_000;
const rowsOf = (userId: string) => MANY_BOARDS.map((board, n) => scoreEvent(userId, n, VERSION + n, { board }));
const write = (userId: string) => database.run((sql) => upsertScores(sql, rowsOf(userId)));
const define = (...events: ReturnType<typeof boardEvent>[]) => database.run((sql) => upsertSettings(sql, events));
const runRestore = (only?: ReadonlySet<string>, from: Databases = databases) =>
  restore(only === undefined ? { topology, stores, databases: from } : { topology, stores, databases: from, only });
const standing = (userId: Player) => standingOf(redis, shardOfPlayer[userId], userId);
/** Puts the rows of a player into Redis, as an older copy of it has them. */
async function putCopy(userId: Player): Promise<void> {
  for (const row of rowsOf(userId)) {
    await putEntries(redis, { shard: shardOfPlayer[userId], board: row.board, rows: [row] });
  }
}
const shards = [first, second];
const known = (id: string) => Promise.all(shards.map((shard) => redis.hget(boardsKey(shard), id)));

describe("boards that were made while the deployment ran", () => {
  test("are on every restored shard in their revisions, and have their entries again", async () => {
    await define(...MANY_BOARDS.map((id, n) => boardEvent(id, 5_000 + n)), boardEvent("weekly", 7_000));
    await write("ann");
    await write("bob");
    expect(await runRestore()).toMatchObject({ entries: 500, settings: 251, unknown: 0 });
    for (const [n, id] of MANY_BOARDS.entries()) expect(await known(id)).toEqual(Array(2).fill(`${5_000 + n} open`));
    expect([await known("weekly"), await known("main")]).toEqual([Array(2).fill("7000 open"), [null, null]]);
    for (const id of PLAYERS) expect(await standing(id)).toEqual({ recorded: 250, ranked: 250, hidden: 0 });
  });

  test("keep a revision that is higher on the shard, and raise the clock where it was lower", async () => {
    await define(boardEvent("cup", 5_000), boardEvent("race", 5_000));
    await redis.hset(boardsKey(first), { cup: "6000 open", race: "4000 open" });
    await redis.hset(boardsKey(second), { cup: "6000 open", race: "5000 open" });
    await redis.set(clockKey(first), "100");
    await redis.set(clockKey(second), "100");
    await runRestore();
    expect([await known("cup"), await known("race")]).toEqual([Array(2).fill("6000 open"), Array(2).fill("5000 open")]);
    expect([await redis.get(clockKey(first)), await redis.get(clockKey(second))]).toEqual(["101", "100"]);
  });

  test("and are deleted, or being deleted, keep no ranker by the definition of before", async () => {
    await define(boardEvent("gone", 5_000, null), boardEvent("going", 6_000, { state: "deleting" }));
    await runRestore();
    expect([await known("gone"), await known("going")]).toEqual([
      Array(2).fill("4999 deleting"),
      Array(2).fill("6000 deleting"),
    ]);
  });

  test("and are configured now, after a deletion, are open in the revision in which rankers know them", async () => {
    await define(boardEvent("weekly", 5_000, null));
    await runRestore();
    expect(await known("weekly")).toEqual(Array(2).fill("5000 open"));
  });

  test.each([
    ["gone", null],
    ["going", { state: "deleting" }],
    ["made again", { state: "open", born: 5_000 }],
  ])("and are %s lose what an older copy of Redis has of the board of before", async (_, value) => {
    await define(boardEvent("cup", 6_000, value));
    await redis.hset(boardsKey(second), "cup", "4000 open");
    const row = scoreEvent("ann", 5, VERSION, { board: "cup" });
    expect(await putEntries(redis, { shard: second, board: "cup", rows: [row] })).toBe(1);
    await runRestore();
    expect(await redis.exists(...entryKeys(second, "cup"))).toBe(0);
  });

  test("but have rows alone are there without a definition, so that erasures find their entries", async () => {
    await database.run((sql) => upsertScores(sql, [scoreEvent("ann", 5, VERSION, { board: "of-old" })]));
    await runRestore();
    expect(await known("of-old")).toEqual(Array(2).fill("0 open"));
    expect(await standingOf(redis, second, "ann", ["of-old"])).toMatchObject({ ranked: 1 });
  });
});

describe("the revisions come from", () => {
  const only = new Set([first.tag, second.tag]);
  const settings = createSettings({ home: redis, queueMax: 100 });
  /** The home database does not answer. */
  const away: Databases = { ...databases, home: { ...database, run: () => Promise.reject(new Error("away")) } };

  test("an open home Redis, which has what still waits for PostgreSQL, although the home database is away", async () => {
    const rev = await settings.put("boards", "cup", { value: { state: "open" }, replaces: undefined });
    expect(await redis.llen(accountQueueKey)).toBe(1);
    await runRestore(only, away);
    expect(await known("cup")).toEqual(Array(2).fill(`${rev} open`));
  });

  test("PostgreSQL where the home Redis is closed", async () => {
    await define(boardEvent("cup", 5_000));
    const open = (await redis.get(fenceKey(ACCOUNTS_TAG))) ?? "";
    await redis.set(fenceKey(ACCOUNTS_TAG), "test 0 0 lost");
    await runRestore(only);
    await redis.set(fenceKey(ACCOUNTS_TAG), open);
    expect(await known("cup")).toEqual(Array(2).fill("5000 open"));
  });
});

describe.each(["an emptied Redis", "an older copy"])("over three pages of boards %s", (kind) => {
  const prepare = async (userId: Player) => {
    await define(...MANY_BOARDS.map((id) => boardEvent(id, 5_000)));
    await write(userId);
    if (kind === "an older copy") await putCopy(userId);
  };
  const change = (userId: Player, hidden: boolean) =>
    database.run((sql) =>
      upsertVisibility(sql, [{ user_id: userId, region: "EU", hidden, name: "", updated_at: "9000" }]),
    );

  test.each([true, false])(
    "shows a player nowhere who was hidden, and everywhere who was shown (hidden: %j)",
    async (hidden) => {
      for (const id of PLAYERS) await prepare(id);
      if (!hidden) await redis.hset(visibilityKey(second), "ann", "8000 hidden");
      for (const id of PLAYERS) await change(id, hidden);
      for (let time = 1; time <= 2; time++) {
        await runRestore();
        const all = hidden ? { ranked: 0, hidden: 250 } : { ranked: 250, hidden: 0 };
        for (const id of PLAYERS) expect(await standing(id)).toEqual({ recorded: 250, ...all });
      }
    },
  );

  test("has no entry of an erased player, and those that are newer", async () => {
    await prepare("ann");
    await prepare("bob");
    await database.run((sql) =>
      eraseEntries(
        sql,
        PLAYERS.map((user_id) => ({ erased: true, user_id, region: "EU", updated_at: "1249" })),
      ),
    );
    const again = MANY_BOARDS.slice(0, 120).map((board) => scoreEvent("bob", 5, 2_000, { board }));
    await database.run((sql) => upsertScores(sql, again));
    await runRestore();
    expect(await standing("ann")).toEqual({ recorded: 0, ranked: 0, hidden: 0 });
    expect(await standing("bob")).toEqual({ recorded: 120, ranked: 120, hidden: 0 });
  });
});

test("a restore that was cut off between two pages of a hidden player is completed by the next one", async () => {
  await define(...MANY_BOARDS.map((id) => boardEvent(id, 5_000)));
  await write("ann");
  await runRestore();
  await redis.hset(visibilityKey(second), "ann", "9000 hidden");
  await database.run((sql) =>
    upsertVisibility(sql, [{ user_id: "ann", region: "EU", hidden: true, name: "", updated_at: "9000" }]),
  );
  await runRestore();
  expect(await standing("ann")).toEqual({ recorded: 250, ranked: 0, hidden: 250 });
});
