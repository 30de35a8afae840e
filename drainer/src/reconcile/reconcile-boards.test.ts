import { beforeEach, describe, expect, test } from "bun:test";
import type { ScoreEvent } from "shared/model/events";
import { createTopology } from "shared/model/regions";
import { boardsKey, clockKey, entriesKey, erasedKey, queueKey, visibilityKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { scoreEvent, sidesUnderTest, startUnderTest } from "../../test/drainer-under-test.ts";
import { boardEvent, MANY_BOARDS, standingOf } from "../../test/many-boards.ts";
import { putEntries } from "../restore/put-entries.ts";
import { restore } from "../restore/restore.ts";
import { eraseEntries } from "../rows/erase-rows.ts";
import { readEntriesOf } from "../rows/read-entries.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { upsertVisibility } from "../rows/upsert-visibility.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import { createEntrySubject } from "../subjects/entry-subject.ts";
import { entrySweeps } from "../subjects/subjects.ts";
import { type Drift, type ReconcileCounts, reconcile } from "./reconcile.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const topology = createTopology(["EU", "NA"], 1, ["main", "weekly"]);
const [eu, na] = topology.shards as [(typeof topology.shards)[0], (typeof topology.shards)[0]];
const sides = await sidesUnderTest(it, topology);

const VERSION = 1_700_000_000_000_000;
const ERASED = VERSION + 1_000;
const LAST = "b-249";
const rowOf = (board: string, rest: Partial<ScoreEvent> = {}) => ({ ...scoreEvent("ann", 5, VERSION, rest), board });
const put = (row: ReturnType<typeof rowOf>, shard = eu) => putEntries(redis, { shard, board: row.board, rows: [row] });
const write = (...rows: ReturnType<typeof rowOf>[]) => database.run((sql) => upsertScores(sql, rows));
const standing = () => standingOf(redis, eu, "ann");
const erase = (version = ERASED) =>
  database.run((sql) =>
    eraseEntries(sql, [{ erased: true, user_id: "ann", region: "EU", updated_at: String(version) }]),
  );

async function sweep(isFixing: boolean): Promise<{ drifts: Drift[]; total: ReconcileCounts }> {
  const drifts: Drift[] = [];
  const total = { compared: 0, moving: 0 };
  for (const each of entrySweeps(sides, topology.shards)) {
    const { compared, moving } = await each({ isFixing, onDrift: (drift) => drifts.push(drift) });
    total.compared += compared;
    total.moving += moving;
  }
  return { drifts, total };
}
const kinds = ({ drifts }: { drifts: readonly Drift[] }) => [
  ...new Set(drifts.map(({ kind, isRepaired }) => `${kind} ${isRepaired}`)),
];

// A player on three pages of boards that operators made.
beforeEach(async () => {
  await it.clear();
  await database.run((sql) =>
    upsertSettings(
      sql,
      MANY_BOARDS.map((id) => boardEvent(id, 5_000)),
    ),
  );
  await write(...MANY_BOARDS.map((board) => rowOf(board)));
  await restore(sides);
});

test("stores that agree on all boards have no drift, and each board is compared", async () => {
  const { drifts, total } = await sweep(false);
  // From the rows, from the ranking, and for the doubles none.
  expect([drifts, total]).toEqual([[], { compared: 2 * MANY_BOARDS.length, moving: 0 }]);
});

test("an entry without its row and a row without its entry are repaired on boards of the last page", async () => {
  await database.run((sql) => sql`DELETE FROM leaderboard WHERE board = ${LAST}`);
  await redis.del(entriesKey(eu, "b-248"), "leaderboard:{EU}:b-248");
  expect(kinds(await sweep(false)).toSorted()).toEqual(["entry_missing false", "row_missing false"]);
  expect(kinds(await sweep(true)).toSorted()).toEqual(["entry_missing true", "row_missing true"]);
  expect(await readEntriesOf(database, LAST, ["ann"])).toHaveLength(1);
  expect([await standing(), kinds(await sweep(false))]).toEqual([{ recorded: 250, ranked: 250, hidden: 0 }, []]);
});

test("a shard that forgot its boards knows them again before an entry is put there", async () => {
  await redis.del(boardsKey(eu), entriesKey(eu, LAST), `leaderboard:{EU}:${LAST}`);
  expect(kinds(await sweep(true))).toEqual(["entry_missing true"]);
  expect(await redis.hget(boardsKey(eu), LAST)).toBe("5000 open");
});

test("a player whose hiding was cut off between two pages is hidden on all boards", async () => {
  const version = String(VERSION + 1);
  await database.run((sql) =>
    upsertVisibility(sql, [{ user_id: "ann", region: "EU", hidden: true, updated_at: version }]),
  );
  await redis.hset(visibilityKey(eu), "ann", `${version} hidden`);
  expect(kinds(await sweep(false))).toEqual(["entry_broken false"]);
  await sweep(true);
  expect([await standing(), kinds(await sweep(false))]).toEqual([{ recorded: 250, ranked: 0, hidden: 250 }, []]);
});

test("visibility that Redis lost hides the player on all boards when it is repaired", async () => {
  await database.run((sql) =>
    upsertVisibility(sql, [{ user_id: "ann", region: "EU", hidden: true, updated_at: String(VERSION + 1) }]),
  );
  expect(kinds(await sweep(true))).toEqual(["entry_missing true"]);
  expect([await standing(), kinds(await sweep(false))]).toEqual([{ recorded: 250, ranked: 0, hidden: 250 }, []]);
});

describe("an erasure that was cut off between two pages", () => {
  test.each(["the mark in Redis", "PostgreSQL, where the mark has expired"])("is completed by %s", async (source) => {
    await erase();
    if (source === "the mark in Redis") await redis.set(erasedKey(eu, "ann"), `${ERASED} `);
    const clock = Number(await redis.get(clockKey(eu)));
    const found = await sweep(false);
    expect(kinds(found)).toEqual(["entry_erased false"]);
    expect(found.drifts).toHaveLength(250);
    expect(kinds(await sweep(true))).toEqual(["entry_erased true"]);
    expect([await standing(), kinds(await sweep(false))]).toEqual([{ recorded: 0, ranked: 0, hidden: 0 }, []]);
    expect(Number(await redis.get(clockKey(eu)))).toBeGreaterThan(clock);
  });

  test("leaves what the player did since", async () => {
    await erase();
    await redis.set(erasedKey(eu, "ann"), `${ERASED} `);
    const again = rowOf(LAST, { updated_at: String(ERASED + 1) });
    await write(again);
    await put(again);
    const lost = rowOf("b-0", { updated_at: String(ERASED + 2) });
    await put(lost); // PostgreSQL has no row of it
    expect(kinds(await sweep(true)).toSorted()).toEqual(["entry_erased true", "row_missing true"]);
    expect([await standing(), kinds(await sweep(false))]).toEqual([{ recorded: 2, ranked: 2, hidden: 0 }, []]);
  });

  test("is left alone while its event waits for PostgreSQL, and while it may be under way", async () => {
    await redis.lpush(
      queueKey(eu),
      JSON.stringify({ erased: true, updated_at: String(ERASED), user_id: "ann", region: "EU" }),
    );
    await redis.set(erasedKey(eu, "ann"), `${ERASED} `);
    await database.run((sql) => sql`DELETE FROM leaderboard`);
    expect(await sweep(true)).toEqual({ drifts: [], total: { compared: 250, moving: 250 } });
    await redis.del(queueKey(eu));
    await redis.set(erasedKey(eu, "ann"), `${Date.now() * 1000} `);
    expect(await sweep(true)).toEqual({ drifts: [], total: { compared: 250, moving: 250 } });
    expect(await standing()).toEqual({ recorded: 250, ranked: 250, hidden: 0 });
  });
});

test("of a player in two regions one entry stays, on a board of the last page, too", async () => {
  const newer = rowOf(LAST, { region: "NA", updated_at: String(VERSION + 5) });
  await put(newer, na);
  await database.run(
    (sql) =>
      sql`UPDATE leaderboard SET region = 'NA', updated_at = ${"2023-11-14T22:13:20.000005Z"}::timestamptz WHERE board = ${LAST}`,
  );
  expect(kinds(await sweep(true))).toContain("entry_doubled true");
  expect([await standing(), await standingOf(redis, na, "ann")]).toMatchObject([{ ranked: 249 }, { ranked: 1 }]);
});

describe("a board that is being deleted", () => {
  const drop = (value: { state: string } | null) =>
    database.run((sql) => upsertSettings(sql, [boardEvent(LAST, 6_000, value)]));

  test.each([{ state: "deleting" }, null])("is not compared, and gets no entry back (%j)", async (value) => {
    await drop(value);
    await redis.del(entriesKey(eu, LAST), `leaderboard:{EU}:${LAST}`);
    await restore(sides);
    expect([kinds(await sweep(true)), await standing()]).toEqual([[], { recorded: 249, ranked: 249, hidden: 0 }]);
    // It was open when the sweep began.
    const subject = createEntrySubject({ ...sides, board: LAST, region: "EU", shards: [eu] });
    const drifts: Drift[] = [];
    await reconcile(subject, { isFixing: true, onDrift: (drift) => drifts.push(drift) });
    expect([kinds({ drifts }), await redis.exists(entriesKey(eu, LAST))]).toEqual([["entry_missing false"], 0]);
  });

  test("that was made again is compared", async () => {
    await drop(null);
    await restore(sides);
    await database.run((sql) => upsertSettings(sql, [boardEvent(LAST, 7_000)]));
    await restore(sides);
    await redis.del(entriesKey(eu, LAST), `leaderboard:{EU}:${LAST}`);
    expect(kinds(await sweep(true))).toEqual(["entry_missing true"]);
  });
});
