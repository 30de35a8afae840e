import { beforeEach, describe, expect, test } from "bun:test";
import connect from "postgres";
import { readDeadElement, toDeadElement } from "shared/model/dead-element";
import { type Shard, shardOf } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { boardKey, boardsKey, deadKey, entriesKey, entryKeys } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { until } from "testing/until";
import { scoreEvent, startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, ENDS, STARTS, startSeasons } from "../../test/seasons-under-test.ts";
import { retryDead } from "../dead/dead-events.ts";
import { restore } from "../restore/restore.ts";
import { scoreEvents } from "../rows/upsert-scores.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides, queues, write, look, states, archived, outbox, rowsLeft, keysLeft, take, drain } = seasons;
beforeEach(() => seasons.reset());

/** Three players of EU, of whom two tie, and one of NA. */
async function play(season = 1) {
  await write(season, "ann", 9);
  await write(season, "bob", 5);
  await write(season, "cy", 5, { reached_at: String(STARTS + 6) });
  await write(season, "dan", 7, { region: "NA" });
}
const EU = [
  ["ann", 1, 1, false],
  ["bob", 2, 2, false],
  ["cy", 3, 2, false],
];
/** A place whose player was erased when the season was final. */
const ERASED = [null, 2, 2, true];
const DAN = ["dan", 1, 1, false];

describe("a season that has ended on all shards", () => {
  test("is archived with its ranks, told to webhooks once, and leaves both stores", async () => {
    await play();
    await seasons.endAll();
    await write(2, "ann", 4, { updated_at: String(ENDS + 5) });
    await drain();
    expect(await look()).toEqual({ finished: 1, closing: 0, incomplete: 0, oldest: undefined });
    expect(await states()).toEqual(["weekly 1 final 4"]);
    expect<unknown>(await archived()).toEqual([...EU, DAN]);
    const times = { starts_at: "2023-11-14T22:13:20.000000Z", ends_at: "2023-11-14T22:14:20.000000Z" };
    const told = [{ kind: "season.ended", body: { board: BOARD, season: 1, ...times, total: 4 } }];
    expect(await outbox()).toEqual(told);
    expect([await rowsLeft(), await keysLeft(), await rowsLeft(2), await keysLeft(2)]).toEqual([0, 0, 1, 2]);
    for (const shard of topology.shards) {
      expect(await redis.hget(boardsKey(shard), BOARD)).toStartWith(`5 open 2 2 ${ENDS} `);
    }
    expect(await look()).toEqual({ finished: 0, closing: 0, incomplete: 0, oldest: undefined });
    expect(await outbox()).toEqual(told);
  });

  test("of which the end still waits in one queue is closing, with its keys", async () => {
    await play();
    for (const shard of topology.shards.slice(1)) await seasons.end(shard, 1);
    await drain();
    expect(await look()).toEqual({ finished: 0, closing: 1, incomplete: 0, oldest: ENDS });
    expect([await states(), await archived(1, "EU")]).toEqual([["weekly 1 closing null"], []]);
    // The other region has its own end.
    expect<unknown>(await archived(1, "NA")).toEqual([DAN]);
    expect([await keysLeft(), await rowsLeft(), await outbox()]).toEqual([6, 4, []]);
    await seasons.end(topology.shards[0] as Shard, 1);
    await drain();
    await look();
    expect([await states(), await keysLeft(), await rowsLeft()]).toEqual([["weekly 1 final 4"], 0, 0]);
  });

  test("without entries is final with total 0, as each of those that were missed", async () => {
    await play();
    for (let season = 1; season <= 3; season++) await seasons.endAll(season);
    await drain();
    expect(await look()).toMatchObject({ finished: 3 });
    expect(await states()).toEqual(["weekly 1 final 4", "weekly 2 final 0", "weekly 3 final 0"]);
    expect((await outbox()).map(({ body }) => (body as { season: number }).season).sort()).toEqual([1, 2, 3]);
  });

  test("is closing while a shard's queue has not been drained behind its end", async () => {
    await play();
    await seasons.endAll();
    // A drainer that was killed between its commit and the trim.
    const kept = await Promise.all(queues.map(({ queue }) => redis.lrange(queue, 0, -1)));
    await drain();
    for (const [n, { queue }] of queues.entries()) await redis.rpush(queue, ...(kept[n] ?? []));
    expect(await look()).toMatchObject({ finished: 0 });
    await drain();
    expect(await look()).toMatchObject({ finished: 1 });
    expect(await Promise.all(queues.map(({ dead }) => redis.exists(dead)))).toEqual(queues.map(() => 0));
  });
});

describe("a season is incomplete", () => {
  const bury = (shard: Shard, event: object) =>
    redis.lpush(
      deadKey(shard),
      toDeadElement({ raw: Buffer.from(JSON.stringify(event)), reason: "22001 too long" }, new Date(0)),
    );
  const queueOf = (shard: Shard) => queues.find(({ tag }) => tag === shard.tag) ?? it.keys;

  test("while an event of it is dead, and final after the retry", async () => {
    await play();
    const shard = shardOf(topology, "EU", "eve");
    const event = await write(1, "eve", 3);
    await redis.lpop(queueOf(shard).queue);
    await seasons.endAll();
    await drain();
    await bury(shard, event);
    expect(await look()).toEqual({ finished: 0, closing: 0, incomplete: 1, oldest: ENDS });
    expect([await states(), await keysLeft()]).toEqual([["weekly 1 incomplete null"], 6]);
    await retryDead(redis, queueOf(shard));
    await look();
    expect(await states()).toEqual(["weekly 1 closing null"]);
    await drain();
    expect(await look()).toMatchObject({ finished: 1, incomplete: 0 });
    expect([await states(), await archived(1, "EU")]).toEqual([["weekly 1 final 5"], [...EU, ["eve", 4, 4, false]]]);
  });

  test("while a row is missing, or one is there that the shards did not count", async () => {
    await play();
    await seasons.endAll();
    await drain();
    await database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'ann'`);
    await look();
    expect([await states(), await archived(1, "EU")]).toEqual([["weekly 1 incomplete null"], []]);
    await database.run(
      (sql) => sql`
        INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
        SELECT board, unnest(ARRAY['ann', 'x']), name, region, score, reached_at, updated_at
        FROM leaderboard WHERE user_id = 'bob'`,
    );
    await look();
    expect(await states()).toEqual(["weekly 1 incomplete null"]);
    await database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'x'`);
    expect(await look()).toMatchObject({ finished: 1 });
  });

  test("while a player is missing in both stores who was not erased", async () => {
    await play();
    await seasons.endAll();
    await drain();
    await take(1, "EU", "ann", "erased");
    for (const { queue } of queues) await redis.del(queue);
    await database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'ann'`);
    await look();
    expect(await states()).toEqual(["weekly 1 incomplete null"]);
  });

  test("while one is missing beside another whose entry was removed before the player was erased", async () => {
    await play();
    await seasons.endAll();
    await take(1, "EU", "ann", "erased");
    await drain();
    await database.run(
      (sql) => sql`SELECT remove_entries('{EU}', '{weekly@1}', '{ann}', ${[String(ENDS + 5)]}::text[])`,
    );
    await take(1, "EU", "bob", "erased");
    for (const { queue } of queues) await redis.del(queue);
    const [bob] = await database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'bob' RETURNING *`);
    await look();
    expect(await states()).toEqual(["weekly 1 incomplete null"]);
    await database.run((sql) => sql`INSERT INTO leaderboard ${sql(bob ?? {})}`);
    await restore(sides);
    expect(await look()).toMatchObject({ finished: 1 });
  });
});

test("a final season keeps its keys while one before it is incomplete, so that a shard knows which keys it has", async () => {
  await play(1);
  await seasons.endAll(1);
  await play(2);
  await seasons.endAll(2);
  await drain();
  const [lost] = await database.run(
    (sql) => sql`DELETE FROM leaderboard WHERE board = 'weekly@1' AND user_id = 'ann' RETURNING *`,
  );
  await look();
  expect([await states(), await keysLeft(1), await keysLeft(2)]).toEqual([
    ["weekly 1 incomplete null", "weekly 2 final 4"],
    6,
    6,
  ]);
  await database.run((sql) => sql`INSERT INTO leaderboard ${sql(lost ?? {})}`);
  await look();
  expect([await states(), await keysLeft(1), await keysLeft(2)]).toEqual([
    ["weekly 1 final 4", "weekly 2 final 4"],
    0,
    0,
  ]);
  for (const shard of topology.shards) expect(await redis.hget(boardsKey(shard), BOARD)).toStartWith("5 open 3 3 ");
});

describe("a player who is", () => {
  test("erased while the season closes is gone, and the counts still pass", async () => {
    await play();
    await seasons.endAll();
    await drain();
    await take(1, "EU", "ann", "erased");
    await look();
    // PostgreSQL has the row still.
    expect(await states()).toEqual(["weekly 1 incomplete null"]);
    await drain();
    await look();
    expect<unknown>([await states(), await archived(1, "EU")]).toEqual([
      ["weekly 1 final 3"],
      [
        ["bob", 1, 1, false],
        ["cy", 2, 1, false],
      ],
    ]);
  });

  test("erased in the batch of the end is gone, and the counts still pass", async () => {
    await play();
    await seasons.endAll();
    await take(1, "EU", "ann", "erased");
    await drain();
    await look();
    expect([await states(), (await archived(1, "EU")).length]).toEqual([["weekly 1 final 3"], 2]);
  });

  test("hidden while the season closes stays out, and the counts still pass", async () => {
    await play();
    await seasons.endAll();
    await drain();
    await take(1, "EU", "bob", "hidden");
    await drain();
    await look();
    expect<unknown>([await states(), await archived(1, "EU")]).toEqual([
      ["weekly 1 final 3"],
      [EU[0], ["cy", 2, 2, false], ["bob", 2, 2, true]],
    ]);
  });

  test("hidden at the end is not counted, and shown again comes back at the rank of the place", async () => {
    await play();
    await take(1, "EU", "ann", "hidden");
    await seasons.endAll();
    await drain();
    await look();
    expect<unknown>([await states(), await archived(1, "EU")]).toEqual([
      ["weekly 1 final 3"],
      [
        ["bob", 1, 1, false],
        ["ann", 1, 1, true],
        ["cy", 2, 1, false],
      ],
    ]);
  });

  test("hidden or erased when the season is final leaves the others' ranks; shown again, comes back at the rank", async () => {
    await play();
    await seasons.endAll();
    await drain();
    await look();
    const shard = shardOf(topology, "EU", "bob");
    const tell = async (event: object) => {
      await redis.lpush(queues.find(({ tag }) => tag === shard.tag)?.queue ?? "", JSON.stringify(event));
      await drain();
    };
    const hide = (hidden: boolean, version: number) =>
      tell({ hidden, updated_at: String(ENDS + version), user_id: "bob", region: "EU" });
    await hide(true, 10);
    expect<unknown>(await archived(1, "EU")).toEqual([EU[0], ["bob", 2, 2, true], EU[2]]);
    await hide(false, 20);
    expect<unknown>(await archived(1, "EU")).toEqual(EU);
    await tell({ erased: true, updated_at: String(ENDS + 30), user_id: "bob", region: "EU" });
    expect<unknown>(await archived(1, "EU")).toEqual([EU[0], ERASED, EU[2]]);
  });

  test.each([
    ["erased", `SELECT erase_entries(ARRAY['EU'], ARRAY['bob'], ARRAY['${ENDS + 10}'])`, [EU[0], ERASED, EU[2]]],
    ["hidden", `INSERT INTO visibility VALUES ('EU', 'bob', TRUE, now())`, [EU[0], ["bob", 2, 2, true], EU[2]]],
  ])("%s while the season is being archived waits for it", async (_, statement, left) => {
    await play();
    await seasons.endAll();
    await drain();
    await database.run((sql) => sql`SELECT freeze_seasons(ARRAY['weekly@1'], ARRAY['EU'])`);
    const sql = connect(it.postgresUrl, { max: 2 });
    const archiving = await sql.reserve();
    await archiving`BEGIN`;
    const [row] = await archiving`SELECT archive_season('weekly@1', 'EU', ARRAY['EU.0', 'EU.1'], 3) AS state`;
    expect(row?.state).toBe("final");
    const changing = sql.unsafe(statement).then(() => "done");
    const isWaiting = () => database.run((each) => each`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
    await until(isWaiting, ({ length }) => length > 0);
    await archiving`COMMIT`;
    archiving.release();
    expect(await changing).toBe("done");
    await sql.end();
    expect<unknown>(await archived(1, "EU")).toEqual(left);
  });
});

test("an event that PostgreSQL is writing when the season is frozen is waited for, and counted", async () => {
  await play();
  await seasons.endAll();
  await drain();
  const sql = connect(it.postgresUrl, { max: 1 });
  const writing = await sql.reserve();
  await writing`BEGIN`;
  await scoreEvents.upsert([scoreEvent("late", 1, STARTS + 1, { board: "weekly@1" })])(writing);
  const freezing = database.run((each) => each`SELECT freeze_seasons(ARRAY['weekly@1'], ARRAY['EU'])`);
  await until(
    () => database.run((each) => each`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`),
    ({ length }) => length > 0,
  );
  await writing`COMMIT`;
  writing.release();
  await freezing;
  await sql.end();
  const archive = () =>
    database.run((each) => each`SELECT archive_season('weekly@1', 'EU', ARRAY['EU.0', 'EU.1'], 3) AS state`);
  expect((await archive())[0]?.state).toBe("incomplete");
  expect(await archived(1, "EU")).toEqual([]);
});

test.each([
  ["season 0, which has the keys and rows of the board itself,", 0],
  ["a season", 1],
])("an event of %s that comes when it is final is dead, and never mixed in", async (_, season) => {
  await play(season);
  await seasons.endAll(season);
  await drain();
  expect(await look()).toMatchObject({ finished: 1 });
  expect([await states(), await keysLeft(season)]).toEqual([[`weekly ${season} final 4`], 0]);
  await write(season, "zoe", 1_000);
  await drain();
  expect([await rowsLeft(season), (await archived(season)).length]).toEqual([0, 4]);
  const dead = await redis.lrangeBuffer(deadKey(shardOf(topology, "EU", "zoe")), 0, -1);
  expect(dead.map((element) => readDeadElement(element).reason)).toEqual(["season_final"]);
});

test("a restore brings back the running season and one that is closing, which is final then", async () => {
  await play();
  await seasons.endAll();
  await write(2, "ann", 4, { updated_at: String(ENDS + 5) });
  await drain();
  for (const shard of topology.shards) {
    await redis.del(...["weekly@1", "weekly@2"].flatMap((name) => entryKeys(shard, name)));
  }
  expect(await look()).toMatchObject({ finished: 0, incomplete: 1 });
  await restore(sides);
  expect([await keysLeft(1), await keysLeft(2)]).toEqual([6, 2]);
  expect(await look()).toMatchObject({ finished: 1 });
  expect<unknown>(await archived()).toEqual([...EU, DAN]);
});

test("keys of earlier seasons that an older copy of Redis has brought back go with those of the next one", async () => {
  await play();
  const keys = topology.shards.flatMap((shard) => entryKeys(shard, "weekly@1"));
  for (const key of keys) await redis.copy(key, `copy:${key}`, "REPLACE");
  const kept = await Promise.all(topology.shards.map((shard) => redis.hget(boardsKey(shard), BOARD)));
  await seasons.endAll(1);
  await drain();
  await look();
  expect(await keysLeft(1)).toBe(0);
  for (const key of keys) if (await redis.exists(`copy:${key}`)) await redis.rename(`copy:${key}`, key);
  for (const [n, shard] of topology.shards.entries()) {
    const text = kept[n] ?? `5 open 1 1 ${STARTS} ${ENDS} ${ENDS + 60_000_000}`;
    await redis.hset(boardsKey(shard), BOARD, text);
  }
  expect(await keysLeft(1)).toBe(6);
  await play(2);
  await seasons.endAll(2);
  await drain();
  await look();
  expect([await keysLeft(1), await keysLeft(2), (await archived(1)).length]).toEqual([0, 0, 4]);
});

test("a season of which PostgreSQL does not know the end keeps its keys, and so do those behind it", async () => {
  await play();
  await play(2);
  await seasons.endAll(1);
  for (const { queue } of queues) await redis.lpop(queue);
  await seasons.endAll(2);
  await drain();
  await look();
  expect(await states()).toEqual(["weekly 2 final 4"]);
  expect([await keysLeft(1), await keysLeft(2)]).toEqual([6, 6]);
});

test("a restore brings back nothing of a final season, of which rows are left", async () => {
  await play();
  await seasons.endAll();
  await drain();
  await database.run((sql) => sql`SELECT freeze_seasons(ARRAY['weekly@1', 'weekly@1'], ARRAY['EU', 'NA'])`);
  await database.run((sql) => sql`SELECT archive_season('weekly@1', 'EU', ARRAY['EU.0', 'EU.1'], 3)`);
  for (const shard of topology.shards) await redis.del(boardKey(shard, "weekly@1"), entriesKey(shard, "weekly@1"));
  await restore(sides);
  expect([await rowsLeft(), await keysLeft()]).toEqual([4, 2]);
});

test("ranks are those of row_number() and of Redis' order, with a sub-score and the lowest score first", async () => {
  const scores = Array.from({ length: 60 }, (_, n) => ({
    id: `p-${n}`,
    score: n % 7,
    sub: n % 5,
    at: STARTS + (n % 3),
  }));
  for (const { id, score, sub, at } of scores) {
    const times = { reached_at: String(at), updated_at: String(at) };
    await write(1, id, score, { sort_key: String(-score), sub: String(sub), sub_key: String(9 - sub), ...times });
  }
  await seasons.endAll();
  await drain();
  const shards = topology.shards.filter(({ region }) => region === "EU");
  const expected: string[] = [];
  const inRedis = await Promise.all(
    shards.map((shard) => redis.zrevrange(boardKey(shard, "weekly@1"), 0, -1, "WITHSCORES")),
  );
  const members = inRedis.flatMap((flat) =>
    flat.flatMap((member, n) => (n % 2 === 0 ? [{ member, score: Number(flat[n + 1]) }] : [])),
  );
  members.sort((a, b) => b.score - a.score || (a.member < b.member ? 1 : -1));
  for (const { member } of members) expected.push(member.slice(32));
  await look();
  const found = await archived(1, "EU");
  expect(found.map(([id]) => id)).toEqual(expected);
  expect(found.map(([, rank]) => rank)).toEqual(found.map((_, n) => n + 1));
  const keyOf = (id: unknown) => scores.find((each) => each.id === id) ?? { score: 0, sub: 0 };
  const isAhead = (a: { score: number; sub: number }, b: { score: number; sub: number }) =>
    a.score < b.score || (a.score === b.score && a.sub < b.sub);
  for (const [id, , shared] of found) {
    expect(shared).toBe(1 + scores.filter((each) => isAhead(each, keyOf(id))).length);
  }
});

describe("a drainer that is killed", () => {
  const isCut = new Error("killed");
  /** Fails the use number `at` of the databases, before or after PostgreSQL has done it. */
  function cutAt(at: number, when: "before" | "after") {
    let uses = 0;
    const run: Database["run"] = async (work) => {
      // Nothing more is done by a process that is dead.
      if (uses >= at) throw isCut;
      const isHere = ++uses === at;
      if (isHere && when === "before") throw isCut;
      const done = await database.run(work);
      if (isHere) throw isCut;
      return done;
    };
    const cut: Database = { ...database, run };
    const databases = { ...sides.databases, home: cut, all: [cut], of: () => cut };
    return { from: { ...sides, databases }, uses: () => uses };
  }

  test.each(["before", "after"] as const)("%s any step in PostgreSQL leaves the rest to the next", async (when) => {
    let at = 1;
    for (let isLast = false; !isLast; at++) {
      await seasons.reset();
      await play();
      await seasons.endAll();
      await drain();
      const { from, uses } = cutAt(at, when);
      await look(from).catch((error) => expect(error).toBe(isCut));
      isLast = uses() < at;
      await look();
      expect([at, await states(), (await outbox()).length]).toEqual([at, ["weekly 1 final 4"], 1]);
      expect<unknown>([at, await archived()]).toEqual([at, [...EU, DAN]]);
      expect([at, await rowsLeft(), await keysLeft()]).toEqual([at, 0, 0]);
    }
    expect(at).toBeGreaterThan(10);
  });
});

test("two drainers beside each other make each season final once", async () => {
  for (let season = 1; season <= 5; season++) {
    await play(season);
    await seasons.endAll(season);
  }
  await drain();
  await Promise.all([look(), look(), look()]);
  await look();
  expect(await states()).toEqual([1, 2, 3, 4, 5].map((season) => `weekly ${season} final 4`));
  expect(await outbox()).toHaveLength(5);
  for (let season = 1; season <= 5; season++) {
    expect<unknown>([season, await archived(season), await rowsLeft(season), await keysLeft(season)]).toEqual([
      season,
      [...EU, DAN],
      0,
      0,
    ]);
  }
});

test("a board that keeps two seasons loses the archives of older ones, whole", async () => {
  await database.run(
    (sql) => sql`
      INSERT INTO settings (kind, id, value, updated_at)
      VALUES ('boards', ${BOARD}, '{"season":{"schedule":"0 0 * * 1","keep":2}}', now())`,
  );
  for (let season = 1; season <= 4; season++) {
    await play(season);
    await seasons.endAll(season);
    await drain();
    await look();
  }
  expect(await states()).toEqual(["weekly 1 purged 4", "weekly 2 purged 4", "weekly 3 final 4", "weekly 4 final 4"]);
  expect([await archived(1), await archived(2), (await archived(3)).length]).toEqual([[], [], 4]);
});
