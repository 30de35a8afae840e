import { beforeEach, describe, expect, test } from "bun:test";
import { Problem } from "shared/api/problems";
import { fromIsoTime } from "shared/base/times";
import { parseKeptBoard } from "shared/boards/kept-board";
import { createTopology } from "shared/model/regions";
import { boardKey, boardsKey, fenceKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { ENDING_MAX_US, NO_END, NO_START, type SeasonPlan, toKeptPlan } from "shared/seasons/plan";
import { createSettings, type SettingChange } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { openFences } from "testing/open-fences";
import { until } from "testing/until";
import { flushAll } from "testing/whole-store";
import { player, startUnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, readEvents, readSeason, setNextVersion } from "../../test/season-board.ts";
import { createDefinitions } from "../definitions/definitions.ts";
import { createSeasonPlans } from "../definitions/season-plans.ts";
import { createTellShards } from "../definitions/tell-shards.ts";
import { createEndSeason, type EndSeason } from "./end-season.ts";
import { createRunningSeasons } from "./running-seasons.ts";

const under = await forFile(startUnderTest());
const { redis } = under;
const topology = createTopology(["EU", "NA"], 4, ["main"]);
const { shards } = topology;
const [starts, ends, following] = [hoursFromNow(-1), hoursFromNow(1), hoursFromNow(2)];
const at = [starts, ends, following];
const settings = createSettings({ home: redis, queueMax: 100_000 });
const readPlan = async () => toKeptPlan(await settings.read("seasons", "cup"));
const now = async () => {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1e6 + Number(micros);
};
/** Never settles, as the rest of a process that was killed. */
const killed = new Promise<never>(() => {});

let ranker: Awaited<ReturnType<typeof under.build>>;
beforeEach(async () => {
  await flushAll(redis);
  ranker = await under.build({ topology });
  await defineSeasons(redis, { at, fields: { operator: "add", operators: ["add"] } });
});

interface Parts {
  redisOf?: (region: string) => Redis;
  put?: typeof settings.put;
}

/** What another ranker runs, with some parts of it replaced. */
function anotherRanker({ redisOf = () => redis, put = settings.put }: Parts = {}): EndSeason {
  const plans = createSeasonPlans({ settings, now });
  const tellShards = createTellShards(topology, { of: () => redis }, plans);
  const definitions = createDefinitions(settings, ["main"], tellShards);
  const seasons = createRunningSeasons({ topology, redisOf: () => redis, plans });
  const changes = { put };
  return createEndSeason({
    topology,
    redisOf,
    settings: changes,
    unbounded: changes,
    definitions,
    plans,
    seasons,
    tellShards,
  });
}

const refusalOf = (error: unknown) => {
  if (!(error instanceof Problem)) throw error;
  return error.code;
};

interface Acknowledged {
  userId: string;
  season: number;
  updatedAt: number;
}
const acknowledged: Acknowledged[] = [];
let turn = 0;
/** One write of one of many players; refused ones are left to the next turn. */
async function write(): Promise<void> {
  const userId = `p-${turn++ % 40}`;
  const region = Number(userId.slice(2)) % 2 === 0 ? "EU" : "NA";
  try {
    const { entry } = await ranker.submit(player(userId, region), { operation: "add", board: "cup", value: 1 });
    acknowledged.push({ userId, season: entry.season ?? 0, updatedAt: fromIsoTime(entry.updated_at) ?? 0 });
  } catch (error) {
    expect(refusalOf(error)).toBe("season_unknown");
  }
}

/** Each write is of the season that its time is in, and each season has the sum of its writes. */
async function expectExact(plan: SeasonPlan | undefined): Promise<void> {
  const sums = new Map<number, number>();
  for (const { season, updatedAt } of acknowledged) {
    const [startsAt = 0, endsAt = 0] = plan?.at.slice(season - plan.first) ?? [];
    expect(updatedAt).toBeGreaterThanOrEqual(startsAt);
    expect(updatedAt).toBeLessThan(endsAt);
    sums.set(season, (sums.get(season) ?? 0) + 1);
  }
  for (const [season, sum] of sums) {
    const found = await Promise.all(
      shards.map((shard) => redis.zrange(boardKey(shard, `cup@${season}`), "0", "-1", "WITHSCORES")),
    );
    const scores = found.flatMap((flat) => flat.filter((_, n) => n % 2 === 1).map(Number));
    expect(scores.reduce((all, each) => all + each, 0)).toBe(sum);
  }
}
beforeEach(() => void acknowledged.splice(0));

const texts = () => Promise.all(shards.map((shard) => redis.hget(boardsKey(shard), "cup")));
const runningOn = async () => [...new Set(await Promise.all(shards.map((shard) => readSeason(redis, shard))))];

describe("the end of a season by hand", () => {
  test("is one instant on all shards while players write, and the next season ends when this one would have", async () => {
    const root = await ranker.tokens.issueOperator({ name: "root" }, 600);
    let body: Record<string, unknown> = {};
    {
      await using _writing = keepDoing(write, 8);
      await until(async () => acknowledged.length > 200);
      const response = await ranker.app.request("/boards/cup/seasons/current/end", {
        method: "POST",
        headers: { Authorization: `Bearer ${root}`, "Content-Type": "application/json" },
        body: JSON.stringify({ expect: 1 }),
      });
      body = (await response.json()) as typeof body;
      expect(response.status).toBe(200);
      const before = acknowledged.length;
      await until(async () => acknowledged.length > before + 200);
      // After the answer nothing more is of the season.
      expect(acknowledged.slice(before + 8).filter(({ season }) => season !== 2)).toEqual([]);
    }
    const plan = await readPlan();
    expect(plan).toMatchObject({ first: 1, at: [starts, fromIsoTime(String(body.ends_at)) ?? 0, ends, following] });
    expect(plan?.ending).toBeUndefined();
    expect(body).toMatchObject({ board: "cup", season: 1, state: "closing" });
    await expectExact(plan);
    expect(await runningOn()).toEqual([2]);
    const events = (await Promise.all(shards.map((shard) => readEvents(redis, shard)))).flat();
    const told = events.filter((event) => "season_ended" in event);
    expect(told).toHaveLength(shards.length);
    expect(new Set(told.map(({ ends_at }) => ends_at))).toEqual(new Set([String(plan?.at[1])]));
    expect(told.reduce((sum, { count }) => sum + Number(count), 0)).toBe(Number(body.total));
    expect(acknowledged.some(({ season }) => season === 1) && acknowledged.some(({ season }) => season === 2)).toBe(
      true,
    );
  });

  test("is seen at once by readers of the season before, on rankers that knew another one to run", async () => {
    const other = await under.build({ topology });
    const end = anotherRanker();
    const read = async (path: string) => (await (await other.app.request(path)).json()) as Record<string, unknown>;
    for (const season of [1, 2, 3]) {
      await ranker.submit(player("p-0", "EU"), { operation: "add", board: "cup", value: season });
      await read("/top?board=cup"); // knows for a second which season runs
      await end("cup", season);
      expect(await read("/top?board=cup&season=previous")).toMatchObject({ season, total: 1 });
      expect(await read("/boards/cup/seasons/current")).toMatchObject({ season: season + 1, total: 0 });
    }
  });

  test("is answered within a client's second, and no write waits for it", async () => {
    await write();
    const startedAt = performance.now();
    await anotherRanker()("cup", 1);
    expect(performance.now() - startedAt).toBeLessThan(900);
  });

  test("comes once for two rankers at the same moment, and the other hears which season runs", async () => {
    const both = await Promise.allSettled([anotherRanker()("cup", 1), anotherRanker()("cup", 1)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = both.find((each) => each.status === "rejected");
    expect(refused?.reason).toMatchObject({ code: "season_ended", members: { season: 2 } });
    expect(await runningOn()).toEqual([2]);
  });

  test("leaves the answer to a repeat as it was, in its season, and writes nothing", async () => {
    const ada = player("ada");
    const add = { operation: "add", board: "cup", value: 5, idempotencyKey: "match-7" } as const;
    const before = await ranker.submit(ada, add);
    await anotherRanker()("cup", 1);
    const again = await ranker.submit(ada, add);
    expect(again).toEqual({ ...before, isReplay: true });
    expect(again.entry.season).toBe(1);
    const counts = await Promise.all(shards.map((shard) => redis.zcard(boardKey(shard, "cup@2"))));
    expect(counts.every((count) => count === 0)).toBe(true);
    const late = ranker.submit(ada, { operation: "add", board: "cup", value: 1, season: 1 });
    await expect(late).rejects.toMatchObject({ code: "season_ended", members: { season: 2 } });
  });

  test("holds at the answer on shards whose clocks are far behind, too", async () => {
    await write();
    const [ahead] = shards;
    if (ahead === undefined) throw new Error("no shard");
    const later = (await now()) + 60_000_000;
    await setNextVersion(redis, ahead, later);
    const startedAt = performance.now();
    const ended = await anotherRanker()("cup", 1);
    expect(performance.now() - startedAt).toBeLessThan(900);
    expect(ended.endsAt).toBeGreaterThan(later);
    expect(await runningOn()).toEqual([2]);
    for (let n = 0; n < 40; n++) await write();
    expect(acknowledged.slice(1).every(({ season }) => season === 2)).toBe(true);
    await expectExact(await readPlan());
  });

  test("may be followed by another at once, while the season before is closing", async () => {
    const [first, second] = [await anotherRanker()("cup", 1), await anotherRanker()("cup", 2)];
    expect(second).toMatchObject({ season: 2, startsAt: first.endsAt });
    await expect(anotherRanker()("cup", 2)).rejects.toMatchObject({ code: "season_ended" });
    expect((await readPlan())?.at).toEqual([starts, first.endsAt, second.endsAt, ends, following]);
    expect(await runningOn()).toEqual([3]);
  });

  test("stands beside a plan that the planner writes meanwhile", async () => {
    let puts = 0;
    const longer = async () => {
      const kept = await readPlan();
      const value = { ...(await settings.read("seasons", "cup"))?.value, ending: undefined };
      await settings.put("seasons", "cup", { value, replaces: String(kept?.version) });
    };
    const ended = await anotherRanker({
      async put(kind, id, change: SettingChange) {
        if (++puts === 2) await longer();
        return settings.put(kind, id, change);
      },
    })("cup", 1);
    expect((await readPlan())?.at).toEqual([starts, ended.endsAt, ends, following]);
    expect(await runningOn()).toEqual([2]);
  });

  test.each([
    ["another season", "cup", 2, "season_ended"],
    ["a board without seasons", "main", 1, "season_not_found"],
    ["a board that is not there", "none", 1, "board_not_found"],
  ])("is refused for %s", async (_, board, expected, code) => {
    expect(await anotherRanker()(board, expected).catch(refusalOf)).toBe(code as never);
    expect((await readPlan())?.at).toEqual(at);
  });

  test("ends what a board had before it got a schedule, where no end is planned", async () => {
    await defineSeasons(redis, { first: 0, at: [NO_START, NO_END], fields: { operator: "add", operators: ["add"] } });
    for (let n = 0; n < 40; n++) await write();
    const ended = await anotherRanker()("cup", 0);
    expect(ended).toMatchObject({ season: 0, startsAt: NO_START, total: 40 });
    await write();
    expect(acknowledged.at(-1)?.season).toBe(1);
    expect((await readPlan())?.at).toEqual([NO_START, ended.endsAt, NO_END]);
  });

  test("is refused before the first season", async () => {
    await defineSeasons(redis, { at: [hoursFromNow(1), hoursFromNow(2)] });
    expect(await anotherRanker()("cup", 1).catch(refusalOf)).toBe("board_not_started");
  });
});

describe("nothing is ended, and the season goes on, where", () => {
  const expectGoesOn = async () => {
    const plan = await readPlan();
    expect([plan?.at, plan?.ending]).toEqual([at, undefined]);
    expect(await runningOn()).toEqual([1]);
    const from = acknowledged.length;
    for (let n = 0; n < 40; n++) await write();
    expect(acknowledged).toHaveLength(from + 40);
    await expectExact(plan);
    expect((await texts()).filter((text) => parseKeptBoard(text ?? "")?.seasons?.isFenced)).toEqual([]);
  };

  test("a shard may not be written", async () => {
    await write();
    await redis.set(fenceKey("NA.2"), "test 0 0 another-run");
    expect(await anotherRanker()("cup", 1).catch(refusalOf)).toBe("season_not_ended");
    await openFences(redis, topology);
    await expectGoesOn();
  });

  test("a region does not answer the fence", async () => {
    await write();
    const away = new Problem("unavailable", "away");
    const region = withScripts(async () => {
      throw away;
    });
    const ending = anotherRanker({ redisOf: (name) => (name === "NA" ? region : redis) });
    expect(await ending("cup", 1).catch(refusalOf)).toBe("season_not_ended");
    await expectGoesOn();
  });

  test("a reply of the home store is lost before the commit", async () => {
    let puts = 0;
    const ending = anotherRanker({
      async put(kind, id, change) {
        if (++puts === 2) throw new Problem("outcome_unknown", "lost");
        return settings.put(kind, id, change);
      },
    });
    expect(await ending("cup", 1).catch(refusalOf)).toBe("season_not_ended");
    await expectGoesOn();
  });
});

test("an end whose reply was lost is found in the plan", async () => {
  let puts = 0;
  const ended = await anotherRanker({
    async put(kind, id, change) {
      const version = await settings.put(kind, id, change);
      if (++puts === 2) throw new Problem("outcome_unknown", "lost");
      return version;
    },
  })("cup", 1);
  expect((await readPlan())?.at[1]).toBe(ended.endsAt);
  expect(await runningOn()).toEqual([2]);
});

/** A connection of which scripts do something else. */
function withScripts(run: () => Promise<unknown>): Redis {
  return new Proxy(redis, {
    get(target, name) {
      if (name === "evalsha" || name === "eval") return run;
      // Otherwise scripts would go to the nodes of a cluster.
      if (name === "isCluster") return false;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe("a ranker that is killed leaves all shards agreed, and nothing held back, when it has", () => {
  const atPut = (count: number, isAfter: boolean): Parts & { reached: Promise<void> } => {
    const reached = Promise.withResolvers<void>();
    let puts = 0;
    return {
      reached: reached.promise,
      async put(kind, id, change) {
        if (++puts < count) return settings.put(kind, id, change);
        if (isAfter) await settings.put(kind, id, change);
        reached.resolve();
        return killed;
      },
    };
  };
  const withOneRegion = (): Parts & { reached: Promise<void> } => {
    const reached = Promise.withResolvers<void>();
    const silent = withScripts(() => {
      reached.resolve();
      return killed;
    });
    return { reached: reached.promise, redisOf: (region) => (region === "NA" ? silent : redis) };
  };

  test.each([
    ["announced the end", () => atPut(1, true), 1],
    ["fenced the shards of one region", withOneRegion, 1],
    ["fenced all shards", () => atPut(2, false), 1],
    ["committed the end, and told no shard", () => atPut(2, true), 2],
  ])(
    "%s",
    async (_, kill, expected) => {
      {
        await using _writing = keepDoing(write, 4);
        await until(async () => acknowledged.length > 100);
        const { reached, ...parts } = kill();
        void anotherRanker(parts)("cup", 1).catch(() => {});
        await reached;
        const killedAt = await now();
        // Each player writes again, on each shard, within the time of a retry.
        const from = acknowledged.length;
        await until(async () => new Set(acknowledged.slice(from).map(({ userId }) => userId)).size === 40);
        await until(now, (us) => us > killedAt + ENDING_MAX_US);
        const behind = acknowledged.length;
        await until(async () => new Set(acknowledged.slice(behind).map(({ userId }) => userId)).size === 40);
      }
      const plan = await until(readPlan, (found) => found?.ending === undefined || expected === 1);
      await expectExact(plan);
      expect(await runningOn()).toEqual([expected]);
      // The next one ends what the killed one did not.
      const ended = await anotherRanker()("cup", expected);
      expect(ended.season).toBe(expected);
      expect(await runningOn()).toEqual([expected + 1]);
      await expectExact(await readPlan());
    },
    20_000,
  );
});
