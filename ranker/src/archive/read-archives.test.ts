import { beforeEach, describe, expect, test } from "bun:test";
import type { AroundScoreView, AroundView, RankView, TopView } from "shared/api/boards";
import type { PlayerBoardsView, RanksView } from "shared/api/reads/ranks";
import { toIsoTime } from "shared/base/times";
import { settingsKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { ENDS, type EndedRow, STARTS, startArchives } from "../../test/archives-under-test.ts";
import { REGIONS, startUnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow } from "../../test/season-board.ts";
import { ArchiveAway, type ArchiveDatabase, openArchiveDatabases } from "./archive-databases.ts";

const under = await forFile(startUnderTest());
const stores = await forFile(startArchives(REGIONS, ["NA"]));
const { redis } = under;
/** Season 3 runs. */
const at = [-1, 1, 2].map(hoursFromNow);
const times = { starts_at: toIsoTime(STARTS), ends_at: toIsoTime(ENDS) };
let made = 0;
let id = "";

const row = (userId: string, region: string, score: number): EndedRow => ({
  userId,
  region,
  score,
  sortKey: score,
  sub: null,
  subKey: null,
  reachedAt: STARTS + score,
  metadata: `{"car": 1.50, "of": "${userId}"}`,
});
const rows = [row("ann", "EU", 9), row("bob", "NA", 8), row("cy", "EU", 7), row("dan", "ASIA", 7), row("eve", "NA", 1)];
const TIERS = { by: "rank", steps: [{ id: "gold", upto: 1 }, { id: "rest" }] };

/** The databases, of which the second answers only while `isUp` is true. */
const second = { isUp: true };
const mayBeAway = (database: ArchiveDatabase): ArchiveDatabase => ({
  regions: database.regions,
  read: (work, waitMs) =>
    second.isUp || !database.regions.includes("NA")
      ? database.read(work, waitMs)
      : Promise.reject(new ArchiveAway("NA")),
});
const archives = { home: stores.archives.home, all: stores.archives.all.map(mayBeAway) };
const ranker = await under.build({ archives, revocations: new Set() });
const withoutArchives = await under.build();

beforeEach(async () => {
  second.isUp = true;
  for (const database of stores.databases.all) await database.run((sql) => sql`TRUNCATE visibility, erasures`);
  await flushAll(redis);
  await under.build(); // opens the store again
  id = `cup-${++made}`;
  await define({});
  await stores.archive(id, 2, rows);
});

const define = (fields: Record<string, unknown>) =>
  defineSeasons(redis, { id, at, first: 3, fields: { tiers: TIERS, metadata_bytes_max: 100, ...fields } });

async function read<T>(target: string, headers: Record<string, string> = {}, from = ranker) {
  const response = await from.app.request(target, { headers });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === "" ? {} : JSON.parse(text)) as T & { code?: string },
  };
}
const top = (query = "") => read<TopView>(`/top?board=${id}&season=2${query}`);
const rank = (userId: string, query = "") => read<RankView>(`/rank/${userId}?board=${id}&season=2${query}`);
const placesOf = ({ entries }: Pick<TopView, "entries">) => entries.map(({ user_id, rank }) => `${rank} ${user_id}`);

describe("a final season", () => {
  test("is answered in the shapes of the season that runs, by its number or as the previous one", async () => {
    const ann = {
      rank: 1,
      user_id: "ann",
      name: "Name of ann",
      region: "EU",
      score: 9,
      updated_at: toIsoTime(STARTS + 9),
    };
    const all = await top();
    expect(all.body).toMatchObject({ region: "GLOBAL", total: 5, season: 2, ...times });
    expect(all.body.entries[0]).toEqual({ ...ann, tier: "gold" });
    expect(placesOf(all.body)).toEqual(["1 ann", "2 bob", "3 dan", "4 cy", "5 eve"]);
    expect((await read<TopView>(`/top?board=${id}&season=previous`)).body).toEqual(all.body);
    expect((await rank("ann")).body).toEqual({ ...ann, tier: "gold", total: 5, percentile: 100, season: 2, ...times });
    expect(placesOf((await top("&region=NA")).body)).toEqual(["1 bob", "2 eve"]);
    expect((await rank("eve", "&region=na")).body).toMatchObject({ rank: 2, total: 2, percentile: 50 });
    const withMetadata = await ranker.app.request(`/top?board=${id}&season=2&with=metadata&limit=1`);
    expect(await withMetadata.text()).toContain('"metadata":{"car":1.50,"of":"ann"}');
  });

  test("has shared ranks, and the neighbours of a score with the rank that it would have had", async () => {
    expect(placesOf((await top("&ties=shared")).body)).toEqual(["1 ann", "2 bob", "3 dan", "3 cy", "5 eve"]);
    expect((await rank("cy", "&ties=shared")).body).toMatchObject({ rank: 3, total: 5, percentile: 60 });
    const ask = (query: string) => read<AroundScoreView>(`/around?board=${id}&season=2&range=1&${query}`);
    const seven = await ask("score=7");
    expect(seven.body).toMatchObject({ region: "GLOBAL", total: 5, score: 7, would_be_rank: 5, season: 2, ...times });
    expect(placesOf({ ...seven.body, entries: seven.body.around })).toEqual(["4 cy", "5 eve"]);
    const shared = (await ask("score=7&ties=shared")).body;
    expect([shared.would_be_rank, shared.around.map(({ rank }) => rank)]).toEqual([3, [3, 5]]);
    expect((await ask("score=7&region=EU")).body).toMatchObject({ total: 2, would_be_rank: 3 });
    const { headers } = seven;
    const again = await read(`/around?board=${id}&season=2&range=1&score=7`, {
      "If-None-Match": headers.get("etag") ?? "",
    });
    expect(again.status).toBe(304);
    // Who is hidden or erased later still counts, and is no neighbour.
    await stores.setHidden("NA", "bob", true);
    await stores.erase("EU", "ann");
    const later = (await ask("score=8.0")).body;
    expect([later.would_be_rank, placesOf({ ...later, entries: later.around })]).toEqual([3, ["3 dan", "4 cy"]]);
    expect(placesOf((await top("&ties=shared")).body)).toEqual(["3 dan", "3 cy", "5 eve"]);
  });

  test("around rank 2 includes rank 1", async () => {
    for (const range of [1, 2]) {
      const { body } = await read<AroundView>(`/around/bob?board=${id}&season=2&range=${range}`);
      const places = body.around.map(({ user_id, rank }) => `${rank} ${user_id}`);
      expect([body.self.rank, ...places.slice(0, 2)]).toEqual([2, "1 ann", "3 dan"]);
    }
    const { body } = await read<AroundView>(`/around/ann?board=${id}&season=2&range=1`);
    expect(body.around.map(({ rank }) => rank)).toEqual([2, 3]);
  });

  test("tells the ranks of many players, and their order among themselves", async () => {
    const ask = async (body: object) => {
      const response = await ranker.post("/ranks", { board: id, season: 2, ids: ["eve", "cy", "zed", "dan"], ...body });
      return (await response.json()) as RanksView;
    };
    const all = await ask({ with: "metadata" });
    expect(all).toMatchObject({ region: "GLOBAL", total: 5, season: 2, ...times, not_ranked: ["zed"] });
    expect(all.entries.map(({ position, rank, user_id, tier }) => `${position} ${rank} ${user_id} ${tier}`)).toEqual([
      "1 3 dan rest",
      "2 4 cy rest",
      "3 5 eve rest",
    ]);
    expect(all.entries[0]?.metadata).toEqual({ car: 1.5, of: "dan" });
    const eu = await ask({ region: "EU", season: "previous" });
    expect([eu.total, eu.not_ranked, eu.entries.map(({ rank }) => rank)]).toEqual([2, ["eve", "zed", "dan"], [2]]);
    second.isUp = false;
    const partial = await ask({ partial: "allow" });
    expect(partial.entries.map(({ rank, user_id }) => `${rank} ${user_id}`)).toEqual(["2 dan", "3 cy"]);
    expect([partial.not_ranked, partial.unknown, partial.missing_regions]).toEqual([[], ["eve", "zed"], ["NA"]]);
    second.isUp = true;
    const { body } = await read<PlayerBoardsView>(`/players/cy/boards?boards=${id}&season=2`);
    expect(body.boards[0]).toMatchObject({ board: id, status: 200, rank: 4, total: 5, season: 2 });
  });

  test("loses players who are hidden or erased, leaves all ranks, and shows them again at their rank", async () => {
    await stores.setHidden("NA", "bob", true);
    await stores.erase("EU", "ann");
    expect(placesOf((await top()).body)).toEqual(["3 dan", "4 cy", "5 eve"]);
    for (const userId of ["ann", "bob", "nobody"]) expect((await rank(userId)).body.code).toBe("not_ranked");
    expect((await rank("eve")).body).toMatchObject({ rank: 5, total: 5 });
    await stores.setHidden("NA", "bob", false);
    expect(placesOf((await top()).body)).toEqual(["2 bob", "3 dan", "4 cy", "5 eve"]);
    const left = await stores.inRegion(
      "EU",
      (sql) => sql`SELECT FROM archived WHERE user_id = 'ann' OR name = 'Name of ann'`,
    );
    expect(left).toHaveLength(0);
  });

  test("has a tag, which changes with the answer", async () => {
    const { headers, status } = await top();
    const known = { "If-None-Match": headers.get("etag") ?? "" };
    expect([status, headers.get("cache-control")]).toEqual([200, "no-cache"]);
    expect((await read(`/top?board=${id}&season=2`, known)).status).toBe(304);
    await stores.setHidden("EU", "ann", true);
    expect((await read(`/top?board=${id}&season=2`, known)).status).toBe(200);
    expect((await read(`/top?board=${id}`)).headers.get("etag")).toBeNull();
  });

  test("that was purged is not there, also for a ranker that has read it before", async () => {
    expect((await top()).status).toBe(200);
    const ranking = `${id}@2`;
    for (const { run } of stores.databases.all)
      await run((sql) => sql`UPDATE ended_seasons SET purged = TRUE WHERE ranking = ${ranking}`);
    await stores.databases.home.run((sql) => sql`UPDATE seasons SET state = 'purging' WHERE board = ${id}`);
    const later = await under.build({ archives });
    for (const reader of [ranker, later]) {
      for (const path of ["/top?", "/rank/ann?", "/rank/nobody?", "/around/ann?", "/around?score=8&"]) {
        const { body, status } = await read<{ detail: string }>(`${path}board=${id}&season=2`, {}, reader);
        expect([status, body.code, body.detail]).toEqual([404, "season_not_found", expect.stringContaining("purged")]);
      }
    }
  });
});

describe("while a database is away", () => {
  const question = () => `board=${id}&season=2`;

  test("a view of its regions is 503 that names them, and others are read", async () => {
    expect((await top()).status).toBe(200);
    second.isUp = false;
    for (const path of ["/top?", "/rank/ann?", "/around/ann?", "/around?score=8&", "/top?region=na&partial=allow&"]) {
      const { status, body } = await read<{ missing_regions: string[] }>(path + question());
      expect([status, body.code, body.missing_regions]).toEqual([503, "archives_unavailable", ["NA"]]);
    }
    expect(placesOf((await top("&region=EU")).body)).toEqual(["1 ann", "2 cy"]);
  });

  test("a partial answer covers the other regions, but for a player who may be in the missing one", async () => {
    expect((await top()).status).toBe(200);
    second.isUp = false;
    const { body } = await top("&partial=allow");
    expect([placesOf(body), body.total, body.missing_regions]).toEqual([["1 ann", "2 dan", "3 cy"], 3, ["NA"]]);
    expect((await rank("cy", "&partial=allow")).body).toMatchObject({ rank: 3, total: 3, missing_regions: ["NA"] });
    expect((await read<AroundView>(`/around/dan?${question()}&partial=allow`)).body.around).toHaveLength(2);
    expect(placesOf((await top("&partial=allow&ties=shared")).body)).toEqual(["1 ann", "2 dan", "2 cy"]);
    const scored = (await read<AroundScoreView>(`/around?${question()}&partial=allow&score=8`)).body;
    expect(scored).toMatchObject({ total: 3, would_be_rank: 2, missing_regions: ["NA"] });
    expect((await rank("eve", "&partial=allow")).body.code).toBe("archives_unavailable");
    second.isUp = true;
    expect((await top("&partial=allow")).body.missing_regions).toEqual([]);
  });
});

describe("the definition of the board", () => {
  test("decides who reads, from its change on", async () => {
    expect((await top()).status).toBe(200);
    await redis.hdel(settingsKey("boards"), id);
    const value = { tiers: null, readers: "operators", created_at: toIsoTime(1), state: "open", has_seasons: true };
    const season = { schedule: "0 * * * *", zone: "UTC", starts_at: null, keep: null };
    await redis.hset(settingsKey("boards"), id, `2 ${JSON.stringify({ ...value, season })}`);
    expect((await top()).status).toBe(401);
    const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
    const { status, body } = await read<TopView>(`/top?board=${id}&season=2`, { authorization: `Bearer ${token}` });
    expect([status, body.entries[0]?.tier]).toEqual([200, undefined]);
  });

  test("that was deleted is 404, also from a ranker that has read the archive before", async () => {
    expect((await rank("ann")).status).toBe(200);
    await redis.hdel(settingsKey("boards"), id);
    for (const path of ["/top", "/rank/ann", "/around/ann"]) {
      expect((await read(`${path}?board=${id}&season=2`)).body.code).toBe("board_not_found");
    }
    expect((await read(`/boards/${id}/seasons`)).body.code).toBe("board_not_found");
  });
});

test("what a board had before its first season is read and listed as season 0", async () => {
  expect((await read(`/top?board=${id}&season=0`)).body.code).toBe("season_not_found");
  await stores.archive(id, 0, rows.slice(0, 2));
  expect(placesOf((await read<TopView>(`/top?board=${id}&season=0`)).body)).toEqual(["1 ann", "2 bob"]);
  expect((await read(`/boards/${id}/seasons/0`)).body).toMatchObject({ season: 0, state: "final", total: 2 });
});

test("a role that may read three tables is enough", async () => {
  for (const database of stores.databases.all) {
    await database.run((sql) =>
      sql.unsafe(`
        DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'read'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT SELECT ON archived, ended_seasons, seasons TO reader`),
    );
  }
  const urlOf = (region: string) =>
    stores.server.url(region === "NA" ? "second" : "first").replace(/\/\/[^@]*@/, "//reader:read@");
  const urlsByRegion = new Map(REGIONS.map((region) => [region, urlOf(region)]));
  const opened = openArchiveDatabases({ homeUrl: urlOf("EU"), urlsByRegion });
  const reader = await under.build({ archives: opened });
  for (const path of ["/top?", "/rank/bob?", "/around/bob?"]) {
    expect((await read(`${path}board=${id}&season=2`, {}, reader)).status).toBe(200);
  }
  expect((await read(`/boards/${id}/seasons`, {}, reader)).status).toBe(200);
  await opened.close();
});

test("without PostgreSQL an archive is 503, and so is the list of seasons that have ended", async () => {
  for (const target of [`/top?board=${id}&season=2`, `/boards/${id}/seasons`, `/boards/${id}/seasons/previous`]) {
    expect((await read(target, {}, withoutArchives)).body.code).toBe("archives_unavailable");
  }
  expect((await read<{ state: string }>(`/boards/${id}/seasons/current`, {}, withoutArchives)).body).toMatchObject({
    state: "running",
    total: 0,
  });
});

test("the list says what has become of each season, and that a board has none", async () => {
  const listed = (
    await read<{ seasons: { season: number; state: string; total: number | null }[] }>(`/boards/${id}/seasons`)
  ).body;
  expect(listed.seasons.map(({ season, state, total }) => `${season} ${state} ${total}`)).toEqual([
    "4 scheduled null",
    "3 running 0",
    "2 final 5",
  ]);
  expect<unknown>((await read(`/boards/main/seasons`)).body).toEqual({ board: "main", seasons: [], next: null });
  for (const season of ["current", "previous", "7"]) {
    expect((await read(`/boards/main/seasons/${season}`)).body.code).toBe("season_not_found");
  }
  expect((await read(`/boards/${id}/seasons/9`)).body.code).toBe("season_not_found");
  expect((await read(`/boards/${id}/seasons/next`)).body.code).toBe("invalid_request");
  expect<unknown>((await read(`/boards/${id}/seasons/previous`)).body).toEqual({
    board: id,
    season: 2,
    state: "final",
    ...times,
    total: 5,
  });
  await stores.databases.home.run((sql) => sql`UPDATE seasons SET state = 'purging' WHERE board = ${id}`);
  expect((await read(`/boards/${id}/seasons/2`)).body).toMatchObject({ state: "purged", total: null });
});
