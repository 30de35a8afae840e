import { beforeEach, describe, expect, test } from "bun:test";
import { readDeadElement } from "shared/model/dead-element";
import { boardIn, rankingIn, type SeasonEnd, seasonEndSchema, seasonEndTail } from "shared/model/events";
import type { Database } from "shared/postgres/database";
import { forFile } from "testing/for-file";
import { pushEvents, readBoard, scoreDrain, scoreEvent, startUnderTest } from "../../test/drainer-under-test.ts";
import { upsertSeasonEnds } from "../archive/upsert-season-ends.ts";
import { retryDead } from "../dead/dead-events.ts";
import { readGuarded, setRun } from "../guard/guarded-stores.ts";
import { judgeStore } from "../guard/judge-store.ts";

const it = await forFile(startUnderTest());
const { redis, database, keys } = it;
beforeEach(() => it.clear());

const STARTS = 1_700_000_000_000_000;
const ENDS = STARTS + 60_000_000;
const of = (season: number, userId: string, score: number, version: number) =>
  scoreEvent(userId, score, version, { board: `weekly@${season}` });
/** As `roll_over` writes it. */
const end = (season: number, count: number, rest: Partial<SeasonEnd> = {}) =>
  `{"season_ended":${season},"count":${count},"hidden":${rest.hidden ?? 0},"starts_at":"${STARTS}","ends_at":"${ENDS}",` +
  `"updated_at":"${rest.updated_at ?? ENDS}",${seasonEndTail({ board: rest.board ?? "weekly", region: rest.region ?? "EU" })}`;
const readEnds = () =>
  database.run(
    (sql) => sql`
      SELECT board, season, region, tag, count::int, hidden::int, version::text,
        (extract(epoch FROM starts_at) * 1000000)::bigint::text AS starts,
        (extract(epoch FROM ends_at) * 1000000)::bigint::text AS ends
      FROM season_ends ORDER BY board, season`,
  );
const freeze = () => database.run((sql) => sql`SELECT freeze_seasons(ARRAY['weekly@1'], ARRAY['EU'])`);
const readDead = async () => (await redis.lrangeBuffer(keys.dead, 0, -1)).map(readDeadElement);
const drain = scoreDrain(it);

test("the text of an event names its season and its board", () => {
  expect(rankingIn(end(3, 1))).toBe("weekly@3");
  expect(rankingIn(JSON.stringify(of(2, "ann", 5, ENDS)))).toBe("weekly@2");
  expect(boardIn(JSON.stringify(of(2, "ann", 5, ENDS)))).toBe("weekly");
  expect([rankingIn('{"board":"main"}'), rankingIn('{"season_ended":3}')]).toEqual(["main", undefined]);
});

test("the end of a season becomes one row of its shard, and a repeat changes nothing", async () => {
  await pushEvents(it, of(1, "ann", 5, ENDS - 1), end(1, 1, { hidden: 2 }), of(2, "ann", 7, ENDS + 1));
  expect(await drain()).toMatchObject({ events: 3, rows: 2, refused: 0 });
  const row = { board: "weekly", season: 1, region: "EU", tag: "EU", count: 1, hidden: 2, version: String(ENDS) };
  const rows = [{ ...row, starts: String(STARTS), ends: String(ENDS) }];
  expect<unknown>([...(await readEnds())]).toEqual(rows);
  await pushEvents(it, end(1, 9));
  expect(await drain()).toMatchObject({ events: 1, refused: 0 });
  expect<unknown>([...(await readEnds())]).toEqual(rows);
  expect((await readBoard(database, "weekly@1")).map(({ score }) => score)).toEqual(["5"]);
  expect((await readBoard(database, "weekly@2")).map(({ score }) => score)).toEqual(["7"]);
});

test.each([
  ["a season below 0", end(-1, 1)],
  ["a count that is not whole", end(1, 1.5)],
  ["no board that may be", end(1, 1, { board: "Weekly" })],
])("an end with %s is dead", async (_, event) => {
  await pushEvents(it, event);
  expect(await drain()).toMatchObject({ events: 1, refused: 1 });
  expect(await readEnds()).toHaveLength(0);
});

describe("an end is committed behind the rows of all events before it:", () => {
  /** What PostgreSQL has whenever it has been used. */
  function watched() {
    const seen: { rows: number; ends: number }[] = [];
    const run: Database["run"] = async (work) => {
      const done = await database.run(work);
      const [found] = await database.run(
        (sql) => sql<{ rows: number; ends: number }[]>`
          SELECT (SELECT count(*)::int FROM leaderboard WHERE board = 'weekly@1') AS rows,
            (SELECT count(*)::int FROM season_ends) AS ends`,
      );
      if (found) seen.push(found);
      return done;
    };
    return { database: { ...database, run }, seen };
  }

  test("in one batch", async () => {
    const { seen, database: watching } = watched();
    await pushEvents(it, of(1, "ann", 5, ENDS - 2), of(1, "bob", 5, ENDS - 1), end(1, 2), of(2, "ann", 1, ENDS + 1));
    await scoreDrain(it, { database: watching })();
    expect(seen).toEqual([
      { rows: 2, ends: 0 },
      { rows: 2, ends: 1 },
    ]);
  });

  test("in a batch that is read ahead, which is not written beside the one before", async () => {
    const { seen, database: watching } = watched();
    const first = Array.from({ length: 10 }, (_, n) => of(1, `p-${n}`, n, ENDS - 20 + n));
    const second = Array.from({ length: 9 }, (_, n) => of(2, `q-${n}`, n, ENDS + 1 + n));
    await pushEvents(it, ...first, end(1, 10), ...second);
    const ahead = scoreDrain(it, { database: watching, batchMax: 10 });
    expect(await ahead()).toMatchObject({ events: 10 });
    await ahead();
    expect(seen.every(({ rows, ends }) => ends === 0 || rows === 10)).toBe(true);
    expect(seen.at(-1)).toEqual({ rows: 10, ends: 1 });
  });

  test("not at all where PostgreSQL fails between", async () => {
    let uses = 0;
    const run: Database["run"] = (work) => (++uses === 1 ? Promise.reject(new Error("away")) : database.run(work));
    await pushEvents(it, of(1, "ann", 5, ENDS - 1), end(1, 1));
    const failing = scoreDrain(it, { database: { ...database, run } });
    await expect(failing()).rejects.toThrow("away");
    expect(await readEnds()).toHaveLength(0);
    expect(await failing()).toMatchObject({ events: 2, rows: 1, refused: 0 });
    expect(await readEnds()).toHaveLength(1);
  });
});

describe("an event of a season that is frozen or final", () => {
  test("is dead as season_final, and what is around it is written", async () => {
    await pushEvents(it, end(1, 0));
    await drain();
    await freeze();
    await pushEvents(it, of(2, "ann", 5, ENDS + 2), of(1, "bob", 9, ENDS - 5), scoreEvent("cy", 1, ENDS + 3));
    expect(await drain()).toMatchObject({ events: 3, rows: 2, refused: 1 });
    expect((await readDead()).map(({ reason, raw }) => [reason, rankingIn(`${raw}`)])).toEqual([
      ["season_final", "weekly@1"],
    ]);
    expect(await readBoard(database, "weekly@1")).toHaveLength(0);
    expect(await retryDead(redis, keys)).toMatchObject({ retried: 1 });
    expect(await drain()).toMatchObject({ events: 1, rows: 0, refused: 1 });
  });

  test("of another region is written", async () => {
    await pushEvents(it, end(1, 0));
    await drain();
    await freeze();
    await pushEvents(it, { ...of(1, "bob", 9, ENDS - 5), region: "NA" });
    expect(await drain()).toMatchObject({ rows: 1, refused: 0 });
  });
});

test("a replica that takes over without an end that PostgreSQL has is known to have lost data", async () => {
  const run = "the run of the former primary";
  await setRun(database, keys.tag, { origin: "one", run });
  const event = seasonEndSchema.parse(JSON.parse(end(1, 0)));
  await database.run((sql) => upsertSeasonEnds(sql, [event], { tag: keys.tag, origin: { tag: keys.tag, run } }));
  const guarded = await readGuarded(database, keys.tag);
  // A read had ended the season, so that no replica confirmed it.
  const replicaAt = (clock: number) =>
    judgeStore({ text: "", fence: { origin: "one", keptVersion: 0, from: 0, run }, clock, run: "another" }, guarded, {
      hasRows: true,
    });
  expect([replicaAt(ENDS - 1), replicaAt(ENDS)]).toEqual(["lost", "fit"]);
});
