import { beforeEach, expect, test } from "bun:test";
import { toDeadElement } from "shared/model/dead-element";
import { type Shard, shardOf } from "shared/model/regions";
import { boardKey, deadKey, entriesKey, queueKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, startSeasons } from "../../test/seasons-under-test.ts";
import { explainCounts, mendSeason, recountSeason } from "./recount-season.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides, write, look, drain } = seasons;
const NAME = { board: BOARD, season: 1 };
beforeEach(() => seasons.reset());

const recount = () => recountSeason(sides, NAME, "EU");
const explain = async () => explainCounts(await recount());
const play = async () => {
  for (const [n, id] of ["ann", "bob", "cy", "dan"].entries()) await write(1, id, n + 1);
};

test("a season that runs, and one that is final, are held up by nothing", async () => {
  await play();
  await drain();
  expect(await recount()).toMatchObject({ region: "EU", state: "running", stored: 4, shards: [{ counted: null }, {}] });
  expect(await explain()).toEqual([]);
  await seasons.endAll();
  await drain();
  expect(await explain()).toEqual([]);
  await look();
  expect([(await recount()).state, await explain()]).toEqual(["final", []]);
});

test("each shard's counts are told, and what holds the season up", async () => {
  await play();
  const [first, second] = topology.shards as [Shard, Shard];
  await seasons.end(first, 1);
  await drain();
  const { shards } = await recount();
  expect(shards.map(({ tag, counted }) => [tag, counted])).toEqual([
    ["EU.0", await redis.zcard(boardKey(first, "weekly@1"))],
    ["EU.1", null],
  ]);
  expect(await explain()).toEqual(["PostgreSQL has no end of EU.1: the shard is away, or its queue waits"]);
  await seasons.end(second, 1);
  expect((await recount()).shards.map(({ counted }) => counted)).toContain(null);
  expect(await redis.llen(queueKey(second))).toBe(1);
});

test("a dead event is named, and a fix retries it", async () => {
  await play();
  await seasons.endAll();
  await drain();
  const shard = shardOf(topology, "EU", "ann");
  const event = await write(1, "ann", 1);
  const [queued] = await redis.lrangeBuffer(queueKey(shard), 0, 0);
  if (queued === undefined) throw new Error("no event");
  await redis.del(queueKey(shard));
  await redis.lpush(deadKey(shard), toDeadElement({ raw: queued, reason: "a test" }, new Date()));
  await look();
  expect(event.board).toBe("weekly@1");
  expect(await explain()).toEqual(["1 events are dead: mend the cause (./lb queue --dead), and retry them"]);
  expect(await mendSeason(sides, NAME, await recount())).toEqual({ retried: 1, repaired: 0 });
  expect([await redis.llen(deadKey(shard)), await redis.llen(queueKey(shard))]).toEqual([0, 1]);
});

test("entries that each store lacks are named, and a fix copies them, so that the season is final", async () => {
  await play();
  await seasons.endAll();
  await drain();
  await database.run((sql) => sql`DELETE FROM leaderboard WHERE user_id = 'bob'`);
  const shard = shardOf(topology, "EU", "cy");
  const place = (await redis.hget(entriesKey(shard, "weekly@1"), "cy"))?.slice(0, 16);
  await redis.zrem(boardKey(shard, "weekly@1"), `${place}cy`);
  await redis.hdel(entriesKey(shard, "weekly@1"), "cy");
  expect(await look()).toMatchObject({ incomplete: 1 });
  expect(await explain()).toEqual(["1 entries of the end are missing: restore the store that had them"]);
  expect(await mendSeason(sides, NAME, await recount())).toEqual({ retried: 0, repaired: 2 });
  expect(await explain()).toEqual([]);
  expect(await look()).toMatchObject({ finished: 1 });
});
