import { beforeEach, describe, expect, test } from "bun:test";
import type { BoardsView, BoardView } from "shared/api/definitions";
import { PLAN_WAIT_MS } from "shared/base/deadlines";
import { toIsoTime } from "shared/base/times";
import { parseKeptBoard } from "shared/boards/kept-board";
import { toBoard } from "shared/boards/to-board";
import { accountQueueKey } from "shared/redis/keys";
import { toPlan, toPlanValue } from "shared/seasons/plan";
import { planSeasons } from "shared/seasons/plan-seasons";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { flushAll } from "testing/whole-store";
import { startUnderTest } from "../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const ranker = await under.build();
const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
const settings = createSettings({ home: under.redis, queueMax: 100_000 });
beforeEach(() => flushAll(under.redis));

async function ask(method: string, path: string, body?: unknown, ifMatch?: number) {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
  const response = await ranker.app.request(path, init);
  const answer = (await response.json()) as BoardView & { code?: string; errors?: { field: string }[] };
  const fields = answer.errors?.map(({ field }) => field);
  return { status: response.status, answer, refusal: [response.status, answer.code, fields?.join(" ")] };
}

/** What the planner of the drainer does, for one board. */
async function planOnce(id: string, now = Date.now() * 1000): Promise<void> {
  const [board, kept] = [toBoard(await settings.read("boards", id)), await settings.read("seasons", id)];
  const next = board && planSeasons({ board, plan: toPlan(kept?.value), now });
  if (next !== undefined) await settings.put("seasons", id, { value: toPlanValue(next), replaces: kept?.version });
}
const weekly = { schedule: "0 0 * * 1", zone: "Europe/Paris" };

describe("PUT of a schedule", () => {
  test("waits for the plan, and answers with the running season and the next ends", async () => {
    await using _planning = keepDoing(() => planOnce("cup"));
    const { status, answer } = await ask("PUT", "/boards/cup", { season: weekly });
    expect(status).toBe(201);
    expect(answer.season).toEqual({ ...weekly, starts_at: null, keep: null });
    const [end = "", second] = answer.next;
    expect(answer.running).toEqual({ season: 1, starts_at: toIsoTime(answer.rev), ends_at: end });
    expect([answer.next.length, new Date(end).getUTCDay()]).toEqual([2, 0]);
    expect(Date.parse(second ?? "") - Date.parse(end)).toBeGreaterThan(6 * 86_400_000);
  });

  test("tells every shard the season that runs, and when it and the next end", async () => {
    await using _planning = keepDoing(() => planOnce("cup"));
    const { answer } = await ask("PUT", "/boards/cup", { season: weekly });
    for (const { tag } of ranker.topology.shards) {
      const kept = parseKeptBoard((await under.redis.hget(`boards:{${tag}}`, "cup")) ?? "");
      expect(kept?.rev).toBe(answer.rev);
      expect([kept?.seasons?.season, kept?.seasons?.ends.map(toIsoTime)]).toEqual([1, answer.next]);
    }
  });

  test("waits no longer than it may: the board is made, and a repeat answers with the plan", async () => {
    const startedAt = performance.now();
    const { status, answer } = await ask("PUT", "/boards/cup", { season: weekly });
    expect([status, answer.running, answer.next]).toEqual([201, null, []]);
    expect(performance.now() - startedAt).toBeGreaterThan(PLAN_WAIT_MS / 2);
    await planOnce("cup");
    const again = await ask("PUT", "/boards/cup", { season: weekly });
    expect([again.status, again.answer.running?.season, again.answer.rev]).toEqual([200, 1, answer.rev]);
  });

  test("that begins later has no running season before, and names the start among the next instants", async () => {
    const starts_at = "2096-12-07T00:00:00+01:00";
    await using _planning = keepDoing(() => planOnce("cup"));
    const { answer } = await ask("PUT", "/boards/cup", { season: { ...weekly, starts_at } });
    expect([answer.running, answer.next[0], answer.next.length]).toEqual([null, "2096-12-06T23:00:00.000000Z", 3]);
  });

  test("that comes again is the one that is there, also without the start", async () => {
    const season = { ...weekly, starts_at: "2096-12-07T00:00:00+01:00" };
    const made = await ask("PUT", "/boards/cup", { season });
    await planOnce("cup");
    for (const same of [season, weekly, { ...weekly, schedule: " 0  0 * * 1" }]) {
      const { status, answer } = await ask("PUT", "/boards/cup", { season: same });
      expect([status, answer.rev]).toEqual([200, made.answer.rev]);
    }
  });

  test.each([
    [{ schedule: "0 0 31 2 *" }, "season.schedule"],
    [{ schedule: "0 0 * *" }, "season.schedule"],
    [{ ...weekly, zone: "Mars/Olympus" }, "season.zone"],
    [{ ...weekly, keep: -1 }, "season.keep"],
    [{ ...weekly, starts_at: "soon" }, "season.starts_at"],
    [{ ...weekly, ends_at: "2100-01-01T00:00:00Z" }, "season.ends_at"],
  ])("%p is refused by name, and makes nothing", async (season, field) => {
    const { refusal } = await ask("PUT", "/boards/cup", { season });
    expect(refusal).toEqual([400, "invalid_request", field]);
    expect(await under.redis.llen(accountQueueKey)).toBe(0);
  });
});

describe("PATCH of a schedule", () => {
  test("waits for the plan of the new one, and keeps the season that runs", async () => {
    await using _planning = keepDoing(() => planOnce("cup"));
    const made = await ask("PUT", "/boards/cup", { season: weekly });
    const season = { schedule: "0 0 1 1 *", zone: "UTC", keep: 3 };
    const { status, answer } = await ask("PATCH", "/boards/cup", { season }, made.answer.rev);
    expect([status, answer.season]).toEqual([200, { ...season, starts_at: null }]);
    expect(answer.running).toMatchObject({ season: 1, starts_at: made.answer.running?.starts_at });
    expect(answer.running?.ends_at).toMatch(/-01-01T00:00:00.000000Z$/);
  });

  test("that leaves the schedule alone waits for nothing", async () => {
    const made = await ask("PUT", "/boards/cup", { season: weekly });
    await planOnce("cup");
    const startedAt = performance.now();
    const { answer } = await ask("PATCH", "/boards/cup", { season: { ...weekly, keep: 2 } }, made.answer.rev);
    expect(answer).toMatchObject({ season: { keep: 2 }, running: { season: 1 } });
    expect(performance.now() - startedAt).toBeLessThan(PLAN_WAIT_MS);
  });
});

describe("a board that exists takes up seasons", () => {
  const runningOn = async (id: string) =>
    Promise.all(
      ranker.topology.shards.map(async ({ tag }) => {
        const kept = parseKeptBoard((await under.redis.hget(`boards:{${tag}}`, id)) ?? "");
        return kept?.seasons && [kept.seasons.season, ...kept.seasons.ends.map(toIsoTime)].join(" ");
      }),
    );

  test.each(["weekly", "main"])("%s: what it has is season 0 until the first boundary", async (id) => {
    const { rev = 0 } = (await ask("GET", `/boards/${id}`)).answer;
    await under.redis.zadd(`leaderboard:{EU}${id === "main" ? "" : `:${id}`}`, 5, "9007199254740990ada");
    await using _planning = keepDoing(() => planOnce(id));
    const { status, answer } = await ask("PATCH", `/boards/${id}`, { season: weekly }, rev);
    expect([status, answer.running, answer.next.length]).toEqual([
      200,
      { season: 0, starts_at: null, ends_at: answer.next[0] ?? "" },
      2,
    ]);
    expect(await runningOn(id)).toEqual(ranker.topology.shards.map(() => ["0", ...answer.next].join(" ")));
    const top = await (await ranker.app.request(`/top?board=${id}`)).json();
    expect(top).toMatchObject({ season: 0, starts_at: null, ends_at: answer.next[0], total: 1 });
  });

  test("and is read and written without a planner, too", async () => {
    const made = await ask("PUT", "/boards/cup", {});
    const { answer } = await ask("PATCH", "/boards/cup", { season: weekly }, made.answer.rev);
    expect([answer.running, answer.next]).toEqual([{ season: 0, starts_at: null, ends_at: null }, []]);
    const top = await (await ranker.app.request("/top?board=cup")).json();
    expect(top).toMatchObject({ season: 0, starts_at: null, ends_at: null });
  });

  test("and gives them up: the season that runs goes on", async () => {
    await using _planning = keepDoing(() => planOnce("cup"));
    const made = await ask("PUT", "/boards/cup", { season: weekly });
    const { answer } = await ask("PATCH", "/boards/cup", { season: null }, made.answer.rev);
    expect(answer).toMatchObject({ season: null, running: { season: 1, ends_at: null }, next: [] });
    const again = await ask("PATCH", "/boards/cup", { season: weekly }, answer.rev);
    expect(again.answer).toMatchObject({ running: { season: 1, ends_at: again.answer.next[0] } });
  });
});

test("the start of a schedule never changes", async () => {
  const made = await ask("PUT", "/boards/cup", { season: weekly });
  for (const method of ["PUT", "PATCH"]) {
    const season = { ...weekly, starts_at: "2100-01-01T00:00:00Z" };
    const { refusal } = await ask(method, "/boards/cup", { season }, made.answer.rev);
    expect(refusal).toEqual([409, "board_immutable", "season.starts_at"]);
  }
  expect((await ask("GET", "/boards/cup")).answer.rev).toBe(made.answer.rev);
});

test("a board and the list show what is planned; boards without a schedule have no seasons", async () => {
  await ask("PUT", "/boards/ends", { season: { ends_at: "2100-01-01T00:00:00Z" } });
  await ask("PUT", "/boards/cup", { season: weekly });
  await ask("PUT", "/boards/late", { season: weekly });
  await planOnce("cup");
  const cup = (await ask("GET", "/boards/cup")).answer;
  expect([cup.running?.season, cup.next.length]).toEqual([1, 2]);
  const { boards } = (await ask("GET", "/boards")).answer as unknown as BoardsView;
  expect(boards.map(({ id, running, next }) => [id, running?.season ?? null, next.length])).toEqual([
    ["cup", 1, 2],
    ["ends", null, 0],
    ["late", null, 0],
    ["main", null, 0],
    ["weekly", null, 0],
  ]);
});

test("a plan of a board that had the id before is not shown", async () => {
  const plan = { rev: 1, first: 7, schedule: "0 0 * * 1", zone: "UTC", at: [1, 4_000_000_000_000_000] };
  await ask("PUT", "/boards/cup", { season: weekly });
  const { version } = (await settings.read("boards", "cup")) ?? {};
  await settings.put("boards", "cup", { value: null, replaces: version });
  await settings.put("seasons", "cup", { value: toPlanValue(plan), replaces: undefined });
  expect((await ask("PUT", "/boards/cup", { season: weekly })).answer).toMatchObject({ running: null, next: [] });
});
