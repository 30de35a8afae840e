import { beforeEach, describe, expect, test } from "bun:test";
import { Problem } from "shared/api/problems";
import { fromIsoTime, toIsoTime } from "shared/base/times";
import { createTopology } from "shared/model/regions";
import { boardKey, boardsKey, entriesKey } from "shared/redis/keys";
import { observeScripts } from "shared/redis/scripts/define-script";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { player, REGIONS, startUnderTest } from "../../test/ranker-under-test.ts";
import {
  defineSeasons,
  HOUR_US,
  hoursFromNow,
  readEvents,
  readSeason,
  setNextVersion,
} from "../../test/season-board.ts";
import type { Submission } from "../writes/submission.ts";

const under = await forFile(startUnderTest());
const { redis } = under;
const eu = { region: "EU", partition: 0, tag: "EU" };
const [starts, ends] = [hoursFromNow(-1), hoursFromNow(1)];
const later = [1, 2, 3, 4, 5].map((hours) => hoursFromNow(1 + hours));
const plan = [starts, ends].concat(later);
const ada = player("ada");
const add = (value: number, more: Partial<Submission> = {}): Submission => ({
  operation: "add",
  board: "cup",
  value,
  ...more,
});
const fields = { operator: "add", operators: ["add", "set", "create", "best"] };

let ranker: Awaited<ReturnType<typeof under.build>>;
beforeEach(async () => {
  await flushAll(redis);
  ranker = await under.build();
  await defineSeasons(redis, { at: plan, fields });
});

/** Counts the calls of `submit.lua` from now on. */
function countCalls(): () => number {
  const calls: string[] = [];
  observeScripts(redis, (name) => void calls.push(name));
  return () => calls.filter((name) => name === "submit").length;
}
const codeOf = (error: unknown) => (error instanceof Problem ? error.code : error);
const refusal = (write: Promise<unknown>) => write.then(() => "written", codeOf);
const scoreIn = async (season: number, userId = "ada") => {
  const flat = await redis.zrange(boardKey(eu, `cup@${season}`), "0", "-1", "WITHSCORES");
  const at = flat.findIndex((member) => member.endsWith(userId));
  return at < 0 ? undefined : Number(flat[at + 1]);
};

test("a write one microsecond before the end is of the season, and one at the end is of the next", async () => {
  await ranker.submit(ada, add(1));
  await setNextVersion(redis, eu, ends - 1);
  const last = await ranker.submit(ada, add(2));
  const first = await ranker.submit(ada, add(4));
  expect([last.entry.season, last.entry.updated_at]).toEqual([1, toIsoTime(ends - 1)]);
  expect(first.entry).toMatchObject({ season: 2, starts_at: toIsoTime(ends), ends_at: toIsoTime(later[0] ?? 0) });
  expect(first.entry).toMatchObject({ score: 4, rank: 1, previous: null });
  expect([await scoreIn(1), await scoreIn(2)]).toEqual([3, 4]);
  expect(await readEvents(redis, eu)).toEqual([
    expect.objectContaining({ board: "cup@1", score: "1" }),
    expect.objectContaining({ board: "cup@1", score: "3", updated_at: String(ends - 1) }),
    {
      season_ended: 1,
      count: 1,
      hidden: 0,
      starts_at: String(starts),
      ends_at: String(ends),
      updated_at: String(ends),
      board: "cup",
      region: "EU",
    },
    expect.objectContaining({ board: "cup@2", score: "4", updated_at: String(ends + 1) }),
  ]);
});

test.each(["2038-01-19T03:14:08Z", "2106-02-07T06:28:16Z", "2199-12-31T23:59:59.999999Z"])(
  "an end at %s is exact to the microsecond",
  async (text) => {
    const end = fromIsoTime(text) ?? 0;
    await defineSeasons(redis, { at: [starts, end, end + HOUR_US, end + 2 * HOUR_US], fields });
    await ranker.submit(ada, add(1));
    await setNextVersion(redis, eu, end - 1);
    const last = await ranker.submit(ada, add(2));
    const first = await ranker.submit(ada, add(4));
    expect(last.entry).toMatchObject({ season: 1, ends_at: toIsoTime(end), updated_at: toIsoTime(end - 1), score: 3 });
    expect(first.entry).toMatchObject({ season: 2, starts_at: toIsoTime(end), score: 4 });
  },
);

test("64 writes of one call straddle the end: each is of the season of its version, and none is lost", async () => {
  await ranker.submit(ada, add(1));
  await setNextVersion(redis, eu, ends - 24);
  const calls = countCalls();
  const written = await Promise.all(Array.from({ length: 64 }, (_, n) => ranker.submit(player(`p-${n}`), add(1))));
  expect(written.map(({ entry }) => entry.season)).toEqual(Array.from({ length: 64 }, (_, n) => (n < 24 ? 1 : 2)));
  expect(calls()).toBe(2);
  expect(await redis.zcard(boardKey(eu, "cup@1"))).toBe(1 + 24);
  expect(await redis.zcard(boardKey(eu, "cup@2"))).toBe(40);
  const events = await readEvents(redis, eu);
  const at = events.findIndex((event) => "season_ended" in event);
  expect(events[at]).toMatchObject({ season_ended: 1, count: 25 });
  expect(events.slice(0, at).every(({ board }) => board === "cup@1")).toBe(true);
  expect(events.slice(at + 1).every(({ board, updated_at }) => board === "cup@2" && Number(updated_at) >= ends)).toBe(
    true,
  );
});

test("several writes of one player in one call add up in the season of each", async () => {
  await ranker.submit(player("bob"), add(1));
  await setNextVersion(redis, eu, ends - 5);
  const written = await Promise.all(Array.from({ length: 12 }, () => ranker.submit(ada, add(1))));
  expect(written).toHaveLength(12);
  expect([await scoreIn(1), await scoreIn(2)]).toEqual([5, 7]);
});

test("three ends that were missed are three seasons, two of them without entries", async () => {
  await ranker.submit(ada, add(1));
  await ranker.setVisibility(player("eve"), { hidden: true });
  await ranker.submit(player("eve"), add(1));
  await setNextVersion(redis, eu, (later[1] ?? 0) + 7);
  expect((await ranker.submit(ada, add(2))).entry).toMatchObject({ season: 4, score: 2 });
  const ended = (await readEvents(redis, eu)).filter((event) => "season_ended" in event);
  expect(ended.map(({ season_ended, count, hidden, ends_at }) => [season_ended, count, hidden, ends_at])).toEqual([
    [1, 1, 1, String(ends)],
    [2, 0, 0, String(later[0])],
    [3, 0, 0, String(later[1])],
  ]);
  expect(await readSeason(redis, eu)).toBe(4);
});

test("more ends than a shard knows are missed: all are ended, by the plan", async () => {
  const at = Array.from({ length: 100 }, (_, n) => starts + n * 1_000_000).concat(hoursFromNow(1), hoursFromNow(2));
  await defineSeasons(redis, { at, fields });
  expect((await ranker.submit(ada, add(2))).entry).toMatchObject({ season: 100, score: 2 });
  const ended = (await readEvents(redis, eu)).filter((event) => "season_ended" in event);
  expect(ended.map(({ season_ended }) => season_ended)).toEqual(Array.from({ length: 99 }, (_, n) => n + 1));
});

test("a season ends where the queue is full, too", async () => {
  await ranker.submit(ada, add(1));
  const full = await under.build({ queueMax: 1 });
  await setNextVersion(redis, eu, ends);
  expect(await refusal(full.submit(ada, add(1)))).toBe("queue_full");
  expect([await readSeason(redis, eu), await scoreIn(2)]).toEqual([2, undefined]);
  expect((await ranker.submit(ada, add(1))).entry.season).toBe(2);
});

test("where no following end is known a write is refused, and taken once there is one", async () => {
  await defineSeasons(redis, { at: [starts, ends], fields });
  await ranker.submit(ada, add(1));
  await setNextVersion(redis, eu, ends);
  const calls = countCalls();
  const refused = await ranker.submit(ada, add(2)).catch((error: unknown) => error as Problem);
  expect(calls()).toBe(3);
  if (!(refused instanceof Problem)) throw new Error("not refused");
  expect([refused.code, refused.status, refused.headers["retry-after"]]).toEqual(["season_unknown", 503, "1"]);
  expect([await scoreIn(1), await readSeason(redis, eu)]).toEqual([1, 1]);
  await defineSeasons(redis, { at: plan, fields });
  expect((await ranker.submit(ada, add(2))).entry).toMatchObject({ season: 2, score: 2 });
});

test("a board that no planner has come to is written once it has", async () => {
  await redis.del("seasons:{accounts}");
  expect(await refusal(ranker.submit(ada, add(1)))).toBe("season_unknown");
  expect(await redis.hget(boardsKey(eu), "cup")).toBeNull();
  await defineSeasons(redis, { at: plan, fields });
  expect((await ranker.submit(ada, add(1))).entry.season).toBe(1);
});

test("before its first season a board is not written, and the key of the refused write is free", async () => {
  await defineSeasons(redis, { at: plan.slice(1), fields });
  const write = add(1, { idempotencyKey: "k" });
  expect(await refusal(ranker.submit(ada, write))).toBe("board_not_started");
  await setNextVersion(redis, eu, ends);
  const { entry, isReplay } = await ranker.submit(ada, write);
  expect([entry.season, entry.starts_at, isReplay]).toEqual([1, toIsoTime(ends), false]);
});

describe("a write for one season alone", () => {
  test("is refused in another, for good under its key, and taken in its own", async () => {
    expect((await ranker.submit(ada, add(1, { season: 1 }))).entry.season).toBe(1);
    await setNextVersion(redis, eu, ends);
    const late = add(2, { season: 1, idempotencyKey: "late" });
    for (const _ of ["first", "again"]) {
      const refused = await ranker.submit(ada, late).catch((error: unknown) => error as Problem);
      expect(refused).toMatchObject({ code: "season_ended", members: { season: 2 } });
    }
    expect(await refusal(ranker.submit(ada, add(2, { season: 3 })))).toBe("season_ended");
    expect(await refusal(ranker.submit(ada, add(2, { season: 2 })))).toBe("written");
    expect([await scoreIn(1), await scoreIn(2)]).toEqual([1, 2]);
  });

  test("is of a board with seasons alone", async () => {
    const refused = await ranker.submit(ada, add(1, { board: "main", season: 1 })).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "invalid_request", errors: [{ field: "season" }] });
  });

  test("over HTTP", async () => {
    const { status } = await ranker.post("/score/add", { board: "cup", delta: 1, season: 1 }, ada);
    const late = await ranker.post("/score/add", { board: "cup", delta: 1, season: 7 }, ada);
    expect([status, late.status, await late.json()]).toEqual([
      200,
      409,
      expect.objectContaining({ code: "season_ended", season: 1 }),
    ]);
    const bad = await ranker.post("/score/add", { board: "cup", delta: 1, season: -1 }, ada);
    expect([bad.status, await bad.json()]).toEqual([
      400,
      expect.objectContaining({ errors: [{ field: "season", message: "must be an integer from 0 on" }] }),
    ]);
  });
});

describe("a repeat under its key, over the end", () => {
  test("gets the old answer with its season, and the new season is as it was", async () => {
    const write = add(5, { idempotencyKey: "k" });
    const { entry: taken } = await ranker.submit(ada, write);
    await setNextVersion(redis, eu, ends);
    await ranker.submit(player("bob"), add(1));
    const repeat = await ranker.submit(ada, write);
    expect([repeat.entry, repeat.isReplay]).toEqual([taken, true]);
    expect([taken.season, taken.rank, taken.ends_at]).toEqual([1, 1, toIsoTime(ends)]);
    expect([await scoreIn(1), await scoreIn(2)]).toEqual([5, undefined]);
  });

  test("gets the old refusal, though the new season would take it", async () => {
    const create = add(5, { operation: "create", idempotencyKey: "k" });
    await ranker.submit(ada, add(1));
    expect(await refusal(ranker.submit(ada, create))).toBe("entry_exists");
    await setNextVersion(redis, eu, ends);
    await ranker.submit(player("bob"), add(1));
    expect(await refusal(ranker.submit(ada, create))).toBe("entry_exists");
    expect(await scoreIn(2)).toBeUndefined();
  });
});

test("attempts and metadata are those of the season", async () => {
  await defineSeasons(redis, { at: plan, fields: { ...fields, attempts_max: 1, metadata_bytes_max: 100 } });
  await ranker.submit(ada, add(1, { metadata: { car: "red" } }));
  expect(await refusal(ranker.submit(ada, add(1)))).toBe("attempts_exhausted");
  await setNextVersion(redis, eu, ends);
  expect((await ranker.submit(ada, add(1))).entry.season).toBe(2);
  const { metadata } = await ranker.boards.rank("EU", "cup", "ada", { withDetails: true });
  expect(metadata).toBeNull();
});

test("a ranker that believes in an earlier season is told so, and writes in the one that runs", async () => {
  const other = await under.build();
  await other.submit(ada, add(1));
  await ranker.submit(ada, add(1));
  await setNextVersion(redis, eu, ends);
  await ranker.submit(ada, add(1));
  expect((await other.submit(ada, add(1))).entry).toMatchObject({ season: 2, score: 2 });
  expect(await scoreIn(1)).toBe(2);
});

test("over several shards, the rank of a write is that among the entries of its season", async () => {
  const topology = createTopology(REGIONS, 2, ["main"]);
  const wide = await under.build({ topology });
  for (let n = 0; n < 8; n++) await wide.submit(player(`p-${n}`), add(10 + n));
  const [first, second] = topology.shards.filter(({ region }) => region === "EU");
  if (first === undefined || second === undefined) throw new Error("no shards");
  // One shard is a little ahead of the other.
  await setNextVersion(redis, first, ends);
  const ranks = [];
  for (let n = 0; n < 8; n++) ranks.push((await wide.submit(player(`p-${n}`), add(1))).entry);
  const ofFirst = ranks.filter(({ season }) => season === 2);
  expect(ofFirst.length).toBe(await redis.zcard(boardKey(first, "cup@2")));
  expect(ofFirst.map(({ rank }) => rank)).toEqual(ofFirst.map((_, index) => index + 1));
  expect(ranks.filter(({ season }) => season === 1).every(({ rank }) => rank !== null && rank <= 8)).toBe(true);
  expect(await redis.hlen(entriesKey(second, "cup@2"))).toBe(0);
});
