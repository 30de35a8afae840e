import { beforeEach, describe, expect, test } from "bun:test";
import { createTopology, shardOf, shardsOf } from "shared/model/regions";
import { boardsKey, moverKey, queueKey, splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { toPlanValue } from "shared/seasons/plan";
import { createSettings } from "shared/settings/settings";
import type { Stores } from "shared/stores/stores";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { until } from "testing/until";
import { keysOf } from "testing/whole-store";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, STARTS, startSeasons } from "../../test/seasons-under-test.ts";
import { repartition } from "./repartition.ts";

const it = await forFile(startUnderTest());
const { redis } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides, write, look, states, archived, drain } = seasons;
const { stores } = sides;
const old = shardsOf("EU", 2);
const wider = createTopology(["EU", "NA"], 4, ["main"]);
beforeEach(async () => {
  await seasons.reset();
  for (const key of await keysOf(redis, "split:{*.[23]}")) await redis.del(key);
});

const move = (options: { from?: Stores; settleMs?: number } = {}) =>
  Array.fromAsync(
    repartition({
      ...sides,
      stores: options.from ?? stores,
      to: 4,
      batchMax: 100,
      settleMs: options.settleMs ?? 20_000,
    }),
  );

/** The stores, with something else done before a split is written. */
function beforeSplit(text: string, act: () => Promise<unknown>): Stores {
  let isDone = false;
  const of = new Proxy(redis, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      if (name !== "set") return member.bind(target);
      return async (...args: [string, string]) => {
        if (!isDone && args[1] === text && args[0] === splitKey("EU")) {
          isDone = true;
          await act();
        }
        return redis.set(...args);
      };
    },
  }) as Redis;
  return { ...stores, of: () => of };
}

async function play(season: number): Promise<void> {
  for (let n = 0; n < 12; n++) await write(season, `p-${season}-${n}`, n, { region: n % 2 === 0 ? "EU" : "NA" });
}
const splits = () => Promise.all(["EU", "EU.0", "EU.1", "EU.2", "EU.3"].map((tag) => redis.get(splitKey(tag))));

describe("a move of a region where a season ends after it was looked for", () => {
  /** On one shard by a write, on the others not yet. */
  const endOnOne = async () => {
    const [first] = old;
    if (first !== undefined) await seasons.end(first, 1);
  };

  test("lets the drainer archive it, and goes on", async () => {
    await play(1);
    await drain();
    const from = beforeSplit("2>4 checking", endOnOne);
    {
      // The drainer ends the season on the other shards, and archives it, once it may.
      await using _drainer = keepDoing(async () => {
        const known = await Promise.all(topology.shards.map((shard) => redis.hget(boardsKey(shard), BOARD)));
        if (known.some((text) => text !== null) && (await redis.get(splitKey("EU"))) === "2") {
          for (const [n, shard] of topology.shards.entries()) if (known[n] === null) await seasons.end(shard, 1);
        }
        await drain();
        await look();
      });
      expect(await move({ from })).toMatchObject([{ from: 2 }, { from: 2 }]);
    }
    expect(await states()).toEqual(["weekly 1 final 12"]);
    expect((await archived(1)).length).toBe(12);
    expect(await splits()).toEqual(["4", "4", "4", "4", "4"]);
    for (const shard of wider.shards) expect(await redis.hget(boardsKey(shard), BOARD)).toStartWith("5 open 2 2 ");
  }, 60_000);

  test("is refused where no drainer archives it in time: the region is as before, and the season can be final", async () => {
    await play(1);
    await drain();
    const moving = move({ from: beforeSplit("2>4 checking", endOnOne), settleMs: 300 });
    await expect(moving).rejects.toThrow("1 season of EU ended and is not archived, such as 1 of board weekly");
    expect(await splits()).toEqual(["2", "2", "2", null, null]);
    for (const shard of topology.shards.slice(1)) await seasons.end(shard, 1);
    await drain();
    expect(await look()).toMatchObject({ finished: 1 });
    expect(await move()).toMatchObject([{ from: 2 }, { from: 2 }]);
  }, 60_000);

  test("that was killed then is given up by the next run, and can be run again", async () => {
    await play(1);
    await drain();
    const killed = beforeSplit("2>4 moving", async () => {
      throw new Error("killed");
    });
    await expect(move({ from: killed })).rejects.toThrow("killed");
    expect((await splits())[0]).toBe("2>4 checking");
    await redis.del(moverKey("EU"));
    // As of a shard that had ended the season before writes were fenced off.
    await endOnOne();
    await expect(move({ settleMs: 300 })).rejects.toThrow("1 season of EU ended");
    expect((await splits())[0]).toBe("2");
    for (const shard of topology.shards.slice(1)) await seasons.end(shard, 1);
    await drain();
    await look();
    await move();
    expect(await splits()).toEqual(["4", "4", "4", "4", "4"]);
  }, 60_000);
});

test("a season that runs is moved with its shards, and ends on the new ones", async () => {
  await play(1);
  for (const shard of topology.shards) await seasons.end(shard, 1);
  await play(2);
  await drain();
  await until(look, ({ finished }) => finished === 1);
  await move();
  for (const shard of wider.shards) {
    const entries = await redis.hkeys(`entries:{${shard.tag}}:${BOARD}@2`);
    expect(entries.every((id) => shardOf(wider, shard.region, id).tag === shard.tag)).toBe(true);
    const text = await redis.hget(boardsKey(shard), BOARD);
    expect(text).toStartWith("5 open 2 2 ");
    const count = await redis.zcard(`leaderboard:{${shard.tag}}:${BOARD}@2`);
    const event = {
      season_ended: 2,
      count,
      hidden: 0,
      starts_at: String(STARTS + 60_000_000),
      ends_at: String(STARTS + 120_000_000),
      updated_at: String(STARTS + 120_000_000),
      board: BOARD,
      region: shard.region,
    };
    await redis.lpush(queueKey(shard), JSON.stringify(event));
    await redis.hset(boardsKey(shard), BOARD, `5 open 3 2 ${STARTS + 120_000_000} ${STARTS + 180_000_000} plan 0`);
  }
  const after = await startSeasons(it, wider);
  try {
    await after.drain();
    expect(await until(after.look, ({ finished }) => finished === 1)).toMatchObject({ incomplete: 0 });
    expect(await after.states()).toEqual(["weekly 1 final 12", "weekly 2 final 12"]);
  } finally {
    await after.close();
  }
}, 60_000);

test("an end that an operator has announced is withdrawn by a move, and the new shards know no fence", async () => {
  const settings = createSettings({ home: redis, queueMax: 1_000 });
  const at = [STARTS, STARTS + 60_000_000, STARTS + 120_000_000];
  const value = { ...toPlanValue({ rev: 5, first: 1, schedule: "* * * * *", zone: "UTC", at }), ending: 1 };
  const version = await settings.put("seasons", BOARD, { value, replaces: undefined });
  for (const shard of topology.shards) {
    await redis.hset(boardsKey(shard), BOARD, `5 open 1 1 ${at[0]} ${STARTS + 1_000} fence ${version}`);
  }
  await write(1, "ada", 5);
  await move();
  const decided = await settings.read("seasons", BOARD);
  expect(decided?.value).not.toHaveProperty("ending");
  // The ranker's commit comes too late.
  expect(await settings.put("seasons", BOARD, { value, replaces: version })).toBeUndefined();
  for (const shard of wider.shards) {
    expect(await redis.hget(boardsKey(shard), BOARD)).toBe(`5 open 1 1 ${at.join(" ")} plan ${decided?.version}`);
  }
}, 60_000);
