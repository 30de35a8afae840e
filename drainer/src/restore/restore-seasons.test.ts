import { beforeEach, describe, expect, test } from "bun:test";
import { toIsoTime } from "shared/base/times";
import { ACCOUNTS_TAG, boardsKey, clockKey, entryKeys, queueKey } from "shared/redis/keys";
import { toPlanValue } from "shared/seasons/plan";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { until } from "testing/until";
import { flushAll } from "testing/whole-store";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, STARTS, startSeasons } from "../../test/seasons-under-test.ts";
import { sealSeason } from "../seasons/seal-season.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import { entrySweeps } from "../subjects/subjects.ts";
import { restore } from "./restore.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides, write, look, states, archived, keysLeft, drain } = seasons;
const { shards } = topology;
const MINUTE = 60_000_000;
const AT = Array.from({ length: 8 }, (_, n) => STARTS + n * MINUTE);
const PLAN_VERSION = 9;

/** The definition and the plan, in PostgreSQL: the home Redis is emptied with the others. */
async function plan(): Promise<void> {
  const season = { schedule: "* * * * *", zone: "UTC", starts_at: null, keep: null };
  const value = { season, created_at: toIsoTime(STARTS), state: "open", born: 0 };
  const planned = toPlanValue({ rev: 5, first: 1, schedule: season.schedule, zone: "UTC", at: AT });
  await database.run((sql) =>
    upsertSettings(sql, [
      { setting: "boards", id: BOARD, value, updated_at: "5" },
      { setting: "seasons", id: BOARD, value: planned, updated_at: String(PLAN_VERSION) },
    ]),
  );
}

async function play(season: number): Promise<void> {
  for (const [n, id] of ["ann", "bob", "cy", "dan"].entries()) {
    const updated_at = String(STARTS + (season - 1) * MINUTE + n + 1);
    await write(season, `${id}-${season}`, n, { region: n < 3 ? "EU" : "NA", updated_at, reached_at: updated_at });
  }
}

async function lose(): Promise<void> {
  await flushAll(redis);
  await openFences(redis, topology);
}
const texts = async () => await Promise.all(shards.map((shard) => redis.hget(boardsKey(shard), BOARD)));
const textOf = (season: number, oldest: number) =>
  `5 open ${season} ${oldest} ${AT.slice(season - 1).join(" ")} plan ${PLAN_VERSION}`;
const drifts = async () => {
  const found: unknown[] = [];
  for (const sweep of entrySweeps(sides, shards)) {
    await sweep({ isFixing: false, onDrift: (drift) => found.push(drift) });
  }
  return found;
};

beforeEach(async () => {
  await seasons.reset();
  await plan();
});

describe("a restore with two seasons", () => {
  /** Season 1 is final and gone, season 2 closes, season 3 runs. */
  async function reachThird(): Promise<void> {
    await play(1);
    await seasons.endAll(1);
    await drain();
    expect(await until(look, ({ finished }) => finished === 1)).toMatchObject({ incomplete: 0 });
    await play(2);
    await seasons.endAll(2);
    await play(3);
    await drain();
  }

  test("brings back the running and the closing one, with their counts, and not the final one", async () => {
    await reachThird();
    const kept = [await keysLeft(2), await keysLeft(3)];
    await lose();
    await restore(sides);
    expect(await texts()).toEqual(Array(4).fill(textOf(3, 2)));
    expect([await keysLeft(1), await keysLeft(2), await keysLeft(3)]).toEqual([0, ...kept]);
    expect(await drifts()).toEqual([]);
    expect(await look()).toMatchObject({ finished: 1, incomplete: 0 });
    expect(await states()).toEqual(["weekly 1 final 4", "weekly 2 final 4"]);
    expect((await archived(2)).map(([id]) => id).sort()).toEqual(["ann-2", "bob-2", "cy-2", "dan-2"]);
    expect(await keysLeft(3)).toBe(kept[1] ?? 0);
  });

  test("goes on behind an older copy of Redis, whose final season leaves it", async () => {
    await reachThird();
    await lose();
    // The copy is of the time when season 1 ran.
    for (const shard of shards)
      await redis.hset(boardsKey(shard), BOARD, `5 open 1 1 ${AT.slice(0, 4).join(" ")} plan 7`);
    for (const shard of shards) {
      await redis.hset(entryKeys(shard, "weekly@1")[2] ?? "", "ann-1", "a record");
      await redis.zadd(entryKeys(shard, "weekly@1")[0] ?? "", 1, "a member");
    }
    await restore(sides);
    expect(await texts()).toEqual(Array(4).fill(textOf(3, 2)));
    expect(await keysLeft(1)).toBe(0);
    expect(await drifts()).toEqual([]);
  });

  test("counts a season whose end was lost with the queue, when it ends again", async () => {
    await play(1);
    await seasons.endAll(1);
    await play(2);
    await drain();
    // The shards end season 2, and are lost before a drainer reads that.
    await seasons.endAll(2);
    await lose();
    await restore(sides);
    expect(await texts()).toEqual(Array(4).fill(textOf(2, 1)));
    for (const shard of shards) {
      await redis.set(clockKey(shard), String((AT[2] ?? 0) - 1));
      expect(await sealSeason(redis, shard, { id: BOARD, season: 2 }, topology)).toBe("sealed");
      const [event] = (await redis.lrange(queueKey(shard), -1, -1)).map((text) => JSON.parse(text));
      expect(event).toMatchObject({ season_ended: 2 });
    }
    await drain();
    await until(look, ({ oldest }) => oldest === undefined);
    expect((await states()).slice(0, 2)).toEqual(["weekly 1 final 4", "weekly 2 final 4"]);
  });

  test("is told by a reconcile that repairs, which brings nothing of the final season back either", async () => {
    await restore({ ...sides, only: new Set([ACCOUNTS_TAG]) });
    await reachThird();
    const kept = [await keysLeft(2), await keysLeft(3)];
    const [first] = shards;
    if (first === undefined) throw new Error("no shard");
    // An older copy of this shard, with what it had of the final season, and nothing of the others.
    await redis.hset(boardsKey(first), BOARD, `5 open 1 1 ${AT.slice(0, 4).join(" ")} plan 7`);
    await redis.hset(entryKeys(first, "weekly@1")[2] ?? "", "ann-1", "a record");
    await redis.unlink(...["weekly@2", "weekly@3"].flatMap((name) => entryKeys(first, name)));
    for (const sweep of entrySweeps(sides, shards)) await sweep({ isFixing: true, onDrift: () => {} });
    expect((await texts())[0]).toBe(textOf(3, 2));
    expect([await keysLeft(1), await keysLeft(2), await keysLeft(3)]).toEqual([0, ...kept]);
    expect(await drifts()).toEqual([]);
    expect(await look()).toMatchObject({ finished: 1, incomplete: 0 });
  });

  test("of one shard that lost what it knows of the board leaves the others as they are", async () => {
    await restore({ ...sides, only: new Set([ACCOUNTS_TAG]) });
    await reachThird();
    const [first] = shards;
    if (first === undefined) throw new Error("no shard");
    const before = await texts();
    await redis.hdel(boardsKey(first), BOARD);
    await restore({ ...sides, only: new Set([first.tag]) });
    expect(await texts()).toEqual([textOf(3, 2), ...before.slice(1)]);
    expect(await redis.hkeys(boardsKey(first))).toEqual([BOARD]);
    expect(await drifts()).toEqual([]);
  });
});
