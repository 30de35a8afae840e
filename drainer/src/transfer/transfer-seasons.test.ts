import { beforeEach, describe, expect, test } from "bun:test";
import { toIsoTime } from "shared/base/times";
import { toBoard } from "shared/boards/to-board";
import type { Board } from "shared/model/board";
import { boardsKey, entriesKey, settingsKey } from "shared/redis/keys";
import { isCluster, type Redis } from "shared/redis/redis";
import { toPlanValue } from "shared/seasons/plan";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, STARTS, startSeasons } from "../../test/seasons-under-test.ts";
import { sealSeason } from "../seasons/seal-season.ts";
import type { Sides } from "../subjects/sides.ts";
import { headerOf, toLines } from "./board-file.ts";
import { exportArchive } from "./export-archive.ts";
import { exportBoard } from "./export-board.ts";
import type { FileBoard, FileSeason, Format } from "./file-board.ts";
import { importBoard } from "./import-board.ts";
import { readLines } from "./read-lines.ts";
import { findSeason, NoSeason, type SeasonChoice } from "./seasons-of-file.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides, write, look, drain, take } = seasons;
const MINUTE = 60_000_000;
const FAR = Date.UTC(2100, 0) * 1000;
/** Season 1 has ended, season 2 runs. */
const AT = [STARTS, STARTS + MINUTE, FAR, FAR + MINUTE];
const settings = createSettings({ home: redis, queueMax: 1_000 });
const season = { schedule: "* * * * *", zone: "UTC", starts_at: null, keep: null };

beforeEach(async () => {
  await seasons.reset();
  const value = { season, created_at: toIsoTime(STARTS), state: "open", born: 0, has_seasons: true };
  await redis.hset(settingsKey("boards"), BOARD, `5 ${JSON.stringify(value)}`);
  await redis.zadd("boards:ids:{accounts}", 0, BOARD);
  const plan = toPlanValue({ rev: 5, first: 1, schedule: season.schedule, zone: "UTC", at: AT });
  await redis.hset(settingsKey("seasons"), BOARD, `6 ${JSON.stringify(plan)}`);
});

async function board(): Promise<Board> {
  const found = toBoard(await settings.read("boards", BOARD));
  if (found === undefined) throw new Error("no board");
  return found;
}
const choose = async (choice: SeasonChoice) =>
  findSeason({ stores: sides.stores, home: sides.databases.home }, await board(), choice);

async function exported(inSeason: FileSeason, format: Format, regions = topology.regions): Promise<string> {
  const file: FileBoard = { ...(await board()), inSeason };
  const { season: number, isArchived } = inSeason;
  const pages = isArchived
    ? exportArchive(sides, { board: BOARD, season: number, regions })
    : exportBoard(sides, { board: `${BOARD}@${number}`, regions, waitMs: 5_000 });
  let text = headerOf(format, file);
  for await (const page of pages) text += toLines(format, page, { board: file });
  return text;
}

async function imported(text: string, rest: { format?: Format; overwrites?: boolean; from?: Sides } = {}) {
  const { format = "csv", overwrites = false, from = sides } = rest;
  const bad: string[] = [];
  async function* chunks() {
    yield Buffer.from(text);
  }
  const counts = await importBoard(from, readLines(chunks()), {
    board: BOARD,
    format,
    overwrites,
    onBad: (line, reason) => bad.push(`${line} ${reason}`),
  });
  return { counts, bad };
}

/** Season 1 is over on all shards, which are in season 2. */
async function endFirst(): Promise<void> {
  for (const shard of topology.shards) {
    await seasons.end(shard, 1);
    await redis.hset(boardsKey(shard), BOARD, `5 open 2 1 ${AT.slice(1).join(" ")} plan 6`);
  }
  await drain();
}

describe("a file of a final season", () => {
  test("has each visible player once, in the order of the ranks of the end, over all regions or one", async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `p-${n}`);
    const regionOf = (id: string) => (Number(id.slice(2)) % 3 === 0 ? "NA" : "EU");
    const entries = ids.map((id, n) => ({ id, region: regionOf(id), score: n % 5, at: STARTS + (n % 4) }));
    for (const { id, region, score, at } of entries) {
      await write(1, id, score, { region, reached_at: String(at), updated_at: String(at) });
    }
    await endFirst();
    await look();
    // A player who is hidden or erased later leaves a gap.
    await take(2, "EU", "p-1", "hidden").catch(() => {});
    await database.run((sql) => sql`UPDATE archived SET hidden = TRUE WHERE user_id IN ('p-4', 'p-9')`);
    await database.run((sql) => sql`DELETE FROM archived WHERE user_id = 'p-14'`);
    const ranked = entries.toSorted((a, b) => b.score - a.score || a.at - b.at || (a.id < b.id ? 1 : -1));
    const expected = (all: typeof entries) =>
      all
        .map(({ id }, n) => ({ user_id: id, rank: n + 1 }))
        .filter(({ user_id }) => !["p-4", "p-9", "p-14"].includes(user_id));
    const final = await choose(1);
    expect(final).toMatchObject({ season: 1, isArchived: true });
    const read = (text: string) =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .map(({ user_id, rank }) => ({ user_id, rank }));
    expect(read(await exported(final, "ndjson"))).toEqual(expected(ranked));
    const ofEu = ranked.filter(({ region }) => region === "EU");
    expect(read(await exported(final, "ndjson", ["EU"]))).toEqual(expected(ofEu));
    const csv = await exported(final, "csv");
    expect(csv.split("\n")[0]).toBe("user_id,name,region,score,reached_at,updated_at,season,rank");
  });

  test("is refused by an import, line by line, and changes nothing", async () => {
    for (const id of ["ann", "bob"]) await write(1, id, 3);
    await endFirst();
    await look();
    const final = await choose("previous");
    for (const format of ["csv", "ndjson"] as const) {
      const { counts, bad } = await imported(await exported(final, format), { format });
      expect(counts).toMatchObject({ imported: 0, bad: 2 });
      const first = format === "csv" ? 2 : 1;
      expect(bad.map((each) => each.split(":")[0]?.split(" ").slice(0, 2).join(" "))).toEqual([
        `${first} season`,
        `${first + 1} season`,
      ]);
      expect(bad[0]).toContain("must be 2, the season that runs");
    }
    expect(await database.run((sql) => sql`SELECT FROM leaderboard`)).toHaveLength(0);
  });
});

describe("a file of the season that runs", () => {
  const inSecond = (n: number) => ({
    reached_at: String(STARTS + MINUTE + n),
    updated_at: String(STARTS + MINUTE + n),
  });

  test.each(["csv", "ndjson"] as const)("comes back from %s as it was, into both stores", async (format) => {
    await write(1, "old", 9);
    await endFirst();
    for (const [n, id] of ["ann", "bob", "cy"].entries()) await write(2, id, n, inSecond(n));
    await drain();
    const running = await choose("current");
    expect(running).toMatchObject({ season: 2, isArchived: false });
    const text = await exported(running, format);
    expect(text).toContain("ann");
    expect(text).not.toContain("old");
    await database.run((sql) => sql`DELETE FROM leaderboard WHERE board = 'weekly@2'`);
    for (const shard of topology.shards) await redis.del(entriesKey(shard, "weekly@2"));
    expect(await imported(text, { format })).toEqual({
      counts: { imported: 3, skipped: 0, repaired: 0, erased: 0, bad: 0 },
      bad: [],
    });
    expect(await exported(running, format)).toBe(text);
  });

  test("takes lines that name no season, and leaves out those of another time, unless they get a new one", async () => {
    await endFirst();
    const head = "user_id,name,region,score,reached_at,updated_at\n";
    const line = (id: string, us: number) => `${id},Name,EU,5,${toIsoTime(us)},${toIsoTime(us)}\n`;
    const text = head + line("ann", STARTS + MINUTE) + line("bob", STARTS + MINUTE - 1);
    const { counts, bad } = await imported(text);
    expect(counts).toMatchObject({ imported: 1, bad: 1 });
    expect(bad).toEqual([expect.stringMatching(/^3 updated_at.*must be in the season that runs; --overwrite/)]);
    expect((await imported(text, { overwrites: true })).counts).toMatchObject({ imported: 2, bad: 0 });
    const rows = await database.run(
      (sql) => sql<{ board: string; late: boolean }[]>`
        SELECT board, updated_at >= to_timestamp(${(STARTS + MINUTE) / 1e6}) AS late FROM leaderboard`,
    );
    expect([...rows]).toEqual(Array(2).fill({ board: "weekly@2", late: true }));
  });

  // On a cluster scripts do not go by the connection that the test watches.
  test.skipIf(isCluster(redis))(
    "that ends on a shard while it is read leaves no entry that was not counted",
    async () => {
      await endFirst();
      const plan = toPlanValue({ rev: 5, first: 1, schedule: "* * * * *", zone: "UTC", at: AT });
      const ended: string[] = [];
      // The season ends between the two stores.
      const of = (region: string) =>
        new Proxy(redis, {
          get(target, name) {
            const member: unknown = Reflect.get(target, name);
            if (typeof member !== "function") return member;
            if (name !== "evalsha" && name !== "eval") return member.bind(target);
            return async (...call: Parameters<Redis["evalsha"]>) => {
              const [, keys, first] = call;
              if (Number(keys) > 7 && String(first).startsWith("leaderboard:") && ended.length === 0) {
                ended.push(region);
                for (const shard of topology.shards) {
                  const text = `5 open 2 1 ${STARTS + MINUTE} ${STARTS + 2 * MINUTE} ${FAR} plan 7`;
                  await redis.hset(boardsKey(shard), BOARD, text);
                  await sealSeason(redis, shard, { id: BOARD, season: 2 }, topology);
                }
              }
              return (member as Redis["evalsha"]).apply(target, call);
            };
          },
        });
      const time = toIsoTime(STARTS + MINUTE + 5);
      const text = `user_id,name,region,score,reached_at,updated_at\nann,Ann,EU,5,${time},${time}\n`;
      const importing = imported(text, { from: { ...sides, stores: { ...sides.stores, of } } });
      await expect(importing).rejects.toThrow("season 2 has ended meanwhile");
      expect([ended.length, plan.first]).toEqual([1, 1]);
      expect(await database.run((sql) => sql`SELECT FROM leaderboard`)).toHaveLength(0);
    },
  );
});

test.each([
  [3, "weekly has no season 3"],
  [0, "weekly has no season 0"],
] as const)("season %p is none", async (number, message) => {
  const found = choose(number);
  await expect(found).rejects.toThrow(message);
  await expect(choose(number)).rejects.toBeInstanceOf(NoSeason);
});

test("a season that was purged is said to be so", async () => {
  await database.run(
    (sql) =>
      sql`INSERT INTO seasons (board, season, starts_at, ends_at, state) VALUES (${BOARD}, 1, now(), now(), 'purged')`,
  );
  await expect(choose(1)).rejects.toThrow("season 1 of weekly was purged");
});
