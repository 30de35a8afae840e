import { beforeEach, describe, expect, test } from "bun:test";
import { toIsoTime } from "shared/base/times";
import { toValue } from "shared/boards/to-board";
import { createLog } from "shared/log/log";
import { boardSchema, toDefinition } from "shared/model/board";
import { createTopology } from "shared/model/regions";
import type { SettingKind, SettingValue } from "shared/model/settings";
import type { Database } from "shared/postgres/database";
import { accountQueueKey, fenceKey } from "shared/redis/keys";
import { nextInstants, runningSeason, type SeasonPlan, toPlan, toPlanValue } from "shared/seasons/plan";
import { createMetrics } from "shared/service/metrics";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { openFences } from "testing/open-fences";
import { until } from "testing/until";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { createDrain } from "../drain/drain.ts";
import { unshared } from "../leases/lease.ts";
import { accountQueue } from "../queues/queues.ts";
import { accountEvents } from "../rows/upsert-accounts.ts";
import { DUE_PAGE, readDue } from "./due-plans.ts";
import { createPlanBoards } from "./plan-boards.ts";
import { measurePlans } from "./plan-metrics.ts";
import { startPlanWatch } from "./plan-watch.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const topology = createTopology(["EU"], 1, ["main"]);
const log = createLog("test", "silent");
const settings = createSettings({ home: redis, queueMax: 100_000 });

beforeEach(async () => {
  await it.clear();
  await openFences(redis, topology);
});

const drainOnce = createDrain({
  redis,
  database,
  keys: accountQueue,
  kind: accountEvents,
  lease: unshared,
  batchMax: 1_000,
});
const drain = () => until(drainOnce, ({ state }) => state === "empty");
const planner = (over: Partial<Parameters<typeof createPlanBoards>[0]> = {}) =>
  createPlanBoards({ home: redis, database, log, ...over });
const planOf = async (id: string) => toPlan((await settings.read("seasons", id))?.value);
const put = async (kind: SettingKind, id: string, value: SettingValue) =>
  String(await settings.put(kind, id, { value, replaces: (await settings.read(kind, id))?.version }));

/** Makes the board, or changes it, as a ranker does. @returns its revision */
async function makeBoard(id: string, season: object | null, rest: { title?: string; state?: "deleting" } = {}) {
  const { title = "", state = "open" } = rest;
  const definition = toDefinition(boardSchema.parse({ season, title }));
  const kept = {
    created_at: toIsoTime(Date.now() * 1000),
    state,
    born: 0,
    has_seasons: season !== null && "schedule" in season,
  } as const;
  return Number(await put("boards", id, toValue(definition, kept)));
}
const weekly = { schedule: "0 0 * * 1" };
const due = () => readDue(database, Date.now() * 1000 + 60e6, undefined);

/** As if the plan had been made long ago, and no planner had run since. */
async function setBack(id: string, ageUs: number): Promise<SeasonPlan> {
  const plan = await planOf(id);
  if (plan === undefined) throw new Error("no plan");
  const old: SeasonPlan = { ...plan, at: plan.at.map((us) => us - ageUs) };
  await put("seasons", id, toPlanValue(old));
  return old;
}

describe("a board with a schedule", () => {
  test("is planned once it is in PostgreSQL, and its plan is in both stores", async () => {
    const rev = await makeBoard("cup", weekly);
    const look = planner();
    expect(await look()).toEqual({ written: 0, oldest: undefined });
    await drain();
    expect(await look()).toEqual({ written: 1, oldest: rev });
    expect(await planOf("cup")).toMatchObject({ rev, first: 1, schedule: "0 0 * * 1", zone: "UTC" });
    const now = Date.now() * 1000;
    const plan = await planOf("cup");
    expect(plan && [runningSeason(plan, now)?.season, nextInstants(plan, now).length]).toEqual([1, 2]);
    await drain();
    const [row] = await database.run(
      (sql) => sql<{ value: unknown }[]>`SELECT value FROM settings WHERE kind = 'seasons' AND id = 'cup'`,
    );
    expect(row?.value).toEqual((await settings.read("seasons", "cup"))?.value ?? "none");
  });

  test("is looked at no more, until its plan has to be extended", async () => {
    await makeBoard("cup", weekly);
    await drain();
    const look = planner();
    await look();
    // PostgreSQL has not heard of the plan.
    expect(await look()).toMatchObject({ written: 0 });
    expect((await due()).map(({ kind }) => kind)).toEqual(["boards"]);
    await drain();
    await look();
    expect(await due()).toEqual([]);
  });

  test("that was changed is planned again, with the seasons and numbers that it has", async () => {
    await makeBoard("cup", weekly);
    await drain();
    const look = planner();
    await look();
    const before = await planOf("cup");
    await drain();
    const rev = await makeBoard("cup", { schedule: "30 12 * * *", zone: "Asia/Tokyo" });
    await drain();
    expect(await look()).toMatchObject({ written: 1 });
    const after = await planOf("cup");
    expect(after).toMatchObject({ rev, first: 1, schedule: "30 12 * * *", zone: "Asia/Tokyo" });
    expect(after?.at[0]).toBe(before?.at[0] ?? 0);
    expect(new Date((after?.at.at(-1) ?? 0) / 1000).toISOString()).toEndWith("T03:30:00.000Z");
  });

  test("has every boundary that was missed while no drainer ran", async () => {
    await makeBoard("cup", { schedule: "0 * * * * *" });
    await drain();
    const look = planner();
    await look();
    const old = await setBack("cup", 3 * 3_600e6);
    await drain();
    expect(await look()).toMatchObject({ written: 1, oldest: old.at.at(-12) ?? 0 });
    const plan = await planOf("cup");
    const now = Date.now() * 1000;
    expect(plan?.first).toBe(1);
    expect(plan && runningSeason(plan, now)?.season).toBe((plan?.at.findLastIndex((us) => us <= now) ?? 0) + 1);
    expect(plan?.at.every((us, n) => n < 2 || us - (plan.at[n - 1] ?? 0) <= 60e6)).toBe(true);
  });

  test("loses its final seasons", async () => {
    await makeBoard("cup", { schedule: "0 * * * * *" });
    await drain();
    await planner()();
    await setBack("cup", 3_600e6);
    await drain();
    const look = planner({ finalSeasons: async (ids) => new Map(ids.map((id) => [id, 2])) });
    expect(await look()).toMatchObject({ written: 1 });
    expect((await planOf("cup"))?.first).toBe(3);
  });

  test("of which only the title changes keeps its instants", async () => {
    await makeBoard("cup", weekly);
    await drain();
    const look = planner();
    await look();
    const before = await planOf("cup");
    const rev = await makeBoard("cup", weekly, { title: "Cup" });
    await drain();
    await look();
    expect(await planOf("cup")).toEqual({ ...(before as SeasonPlan), rev });
  });
});

test("boards without a schedule, and those that are being deleted, have no plan", async () => {
  await makeBoard("plain", null);
  await makeBoard("ends", { ends_at: "2100-01-01T00:00:00Z" });
  await makeBoard("gone", weekly, { state: "deleting" });
  await drain();
  expect([await due(), await planner()()]).toEqual([[], { written: 0, oldest: undefined }]);
});

test("a definition that cannot be read holds up no other board", async () => {
  await put("boards", "bad", { state: "open", season: { schedule: "never" } });
  await makeBoard("cup", weekly);
  await drain();
  expect(await planner()()).toMatchObject({ written: 1 });
  expect([await planOf("bad"), (await planOf("cup"))?.first]).toEqual([undefined, 1]);
});

test("a plan that cannot be read is left as it is, so that its seasons are not counted from 1 again", async () => {
  await makeBoard("cup", weekly);
  await put("seasons", "cup", { rev: 1, of: "a later release" });
  await drain();
  expect(await planner()()).toMatchObject({ written: 0 });
  expect((await settings.read("seasons", "cup"))?.value).toEqual({ rev: 1, of: "a later release" });
});

test("one look plans many boards, in pages, and the next look goes on behind those that stay due", async () => {
  const count = 11 * DUE_PAGE;
  const names = Array.from({ length: count }, (_, n) => `b-${n}`);
  await Promise.all(names.map((id) => put("boards", id, { state: "open", season: { schedule: "never" } })));
  await makeBoard("z-last", weekly);
  await drain();
  const look = planner();
  expect(await look()).toMatchObject({ written: 0 });
  expect(await look()).toMatchObject({ written: 1 });
  expect((await planOf("z-last"))?.first).toBe(1);
});

describe("two planners", () => {
  test("write one plan between them, and every board has its seasons once", async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `b-${n}`);
    for (const id of ids) await makeBoard(id, { schedule: "*/5 * * * *" });
    await drain();
    const written = await Promise.all([planner()(), planner()()]);
    expect(written[0].written + written[1].written).toBe(ids.length);
    for (const id of ids) expect((await planOf(id))?.first).toBe(1);
  });

  test("beside changes of the schedule only ever move on, and end with the last one", async () => {
    let rev = await makeBoard("cup", weekly);
    await drain();
    await planner()();
    const start = (await planOf("cup"))?.at[0];
    {
      const planners = [planner(), planner()];
      await using _first = keepDoing(() => planners[0]?.() ?? Promise.reject(new Error("none")));
      await using _second = keepDoing(() => planners[1]?.() ?? Promise.reject(new Error("none")));
      await using _draining = keepDoing(() => drainOnce());
      for (let n = 0; n < 30; n++) {
        rev = await makeBoard("cup", n % 2 === 0 ? { schedule: "30 12 * * *" } : weekly);
        const plan = await planOf("cup");
        expect([plan?.first, plan?.at[0]]).toEqual([1, start]);
      }
      await until(
        () => planOf("cup"),
        (plan) => plan?.rev === rev,
      );
    }
    expect(await planOf("cup")).toMatchObject({ rev, schedule: "0 0 * * 1" });
  });
});

describe("a planner that is killed", () => {
  const isCut = new Error("killed");
  function cutAt(at: number, when: "before" | "after") {
    let uses = 0;
    const run: Database["run"] = async (work) => {
      const isHere = ++uses === at;
      if (isHere && when === "before") throw isCut;
      const done = await database.run(work);
      if (isHere) throw isCut;
      return done;
    };
    return { database: { ...database, run }, uses: () => uses };
  }

  test.each(["before", "after"] as const)("%s any step in PostgreSQL leaves the rest to the next one", async (when) => {
    let at = 1;
    for (let isLast = false; !isLast; at++) {
      await it.clear();
      await openFences(redis, topology);
      const rev = await makeBoard("cup", weekly);
      await drain();
      const cut = cutAt(at, when);
      await planner({ database: cut.database })().catch((error) => expect(error).toBe(isCut));
      isLast = cut.uses() < at;
      await planner()();
      await drain();
      await planner()();
      expect([at, await due(), (await planOf("cup"))?.rev]).toEqual([at, [], rev]);
    }
    expect(at).toBeGreaterThan(2);
  });

  test("before its plan has come to PostgreSQL, and the home Redis is lost, is made up for", async () => {
    const rev = await makeBoard("cup", weekly);
    await drain();
    await planner()();
    await redis.del("seasons:{accounts}", "seasons:ids:{accounts}", accountQueueKey);
    expect(await planner()()).toMatchObject({ written: 1 });
    expect(await planOf("cup")).toMatchObject({ rev, first: 1 });
  });
});

test("while the home Redis is being compared with PostgreSQL, nothing is planned", async () => {
  await makeBoard("cup", weekly);
  await drain();
  await redis.set(fenceKey("accounts"), "test 0 0 lost");
  await expect(planner()()).rejects.toThrow("being restored");
  await openFences(redis, topology);
  expect(await planner()()).toMatchObject({ written: 1 });
});

describe("the watch", () => {
  const metrics = () => {
    const registry = createMetrics("drainer");
    const read = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
    return { metrics: measurePlans(registry), read };
  };

  test("looks when it is woken, while it holds the lease, and counts the plans", async () => {
    await makeBoard("cup", weekly);
    await drain();
    let isHeld = false;
    let asked = 0;
    const { metrics: plans, read } = metrics();
    const lease = () => {
      asked += 1;
      return { isHeld: () => isHeld };
    };
    const watch = startPlanWatch({ planBoards: planner(), lease, log, metrics: plans, lookEveryMs: 60_000 });
    const woken = async () => {
      const before = asked;
      await until(async () => {
        watch.wake();
        return asked > before + 1;
      });
    };
    await woken();
    expect([await planOf("cup"), await read("leaderboard_drainer_season_plans_total")]).toEqual([undefined, 0]);
    isHeld = true;
    await woken();
    await until(() => planOf("cup"));
    await woken();
    expect(await read("leaderboard_drainer_season_plans_total")).toBe(1);
    // PostgreSQL has not heard of the plan.
    expect(await read("leaderboard_drainer_season_plan_late_seconds")).toBeGreaterThan(0);
    await drain();
    await woken();
    expect(await read("leaderboard_drainer_season_plan_late_seconds")).toBe(0);
    await watch.stop();
  });

  test("goes on after a failure", async () => {
    await makeBoard("cup", weekly);
    await drain();
    let looks = 0;
    const look = planner();
    const planBoards = async () => {
      if (++looks === 1) throw new Error("away");
      return look();
    };
    const lease = () => ({ isHeld: () => true });
    const watch = startPlanWatch({ planBoards, lease, log, metrics: metrics().metrics, lookEveryMs: 1 });
    await until(() => planOf("cup"));
    await watch.stop();
  });
});
