import { beforeEach, describe, expect, test } from "bun:test";
import Papa from "papaparse";
import { toIsoTime } from "shared/base/times";
import { toBoard } from "shared/boards/to-board";
import { type Shard, shardOf } from "shared/model/regions";
import { toState } from "shared/model/visibility";
import {
  boardKey,
  boardsKey,
  detailsKey,
  entriesKey,
  entryKeys,
  hiddenKey,
  settingsKey,
  visibilityKey,
} from "shared/redis/keys";
import { toPlanValue } from "shared/seasons/plan";
import { toRankingName } from "shared/seasons/ranking-name";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, STARTS, startSeasons } from "../../test/seasons-under-test.ts";
import { putEntries } from "../restore/put-entries.ts";
import type { EntryRow } from "../rows/read-entries.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { upsertVisibility } from "../rows/upsert-visibility.ts";
import { createLineReader, headerOf, toLines } from "./board-file.ts";
import { escapeCell, unescapeCell } from "./csv/spreadsheet-cell.ts";
import { exportArchive } from "./export-archive.ts";
import { exportBoard } from "./export-board.ts";
import type { FileBoard, FileSeason, Format } from "./file-board.ts";
import { importBoard } from "./import-board.ts";
import { readLines } from "./read-lines.ts";
import { findSeason } from "./seasons-of-file.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides } = seasons;
const MINUTE = 60_000_000;
const FAR = Date.UTC(2100, 0) * 1000;
/** Season 1 has ended, season 2 runs. */
const AT = [STARTS, STARTS + MINUTE, FAR, FAR + MINUTE];
const settings = createSettings({ home: redis, queueMax: 1_000 });
const season = { schedule: "* * * * *", zone: "UTC", starts_at: null, keep: null };

/** A board that has all that a board can have, and one without seasons and attempts. */
const KIND = { order: "asc", decimals: 2, sub: "asc", metadata_bytes_max: 4096 };
const HALL = "hall-of-fame";

beforeEach(async () => {
  await seasons.reset();
  const about = { created_at: toIsoTime(STARTS), state: "open", born: 0 };
  const weekly = { ...about, ...KIND, attempts_max: 1_000, season, has_seasons: true };
  await redis.hset(settingsKey("boards"), BOARD, `5 ${JSON.stringify(weekly)}`);
  await redis.hset(settingsKey("boards"), HALL, `6 ${JSON.stringify({ ...about, ...KIND })}`);
  await redis.zadd("boards:ids:{accounts}", 0, BOARD, 0, HALL);
  const plan = toPlanValue({ rev: 5, first: 1, schedule: season.schedule, zone: "UTC", at: AT });
  await redis.hset(settingsKey("seasons"), BOARD, `6 ${JSON.stringify(plan)}`);
});

const METADATA = [
  '{"car":"red;\\n\u{1F697}\\r\\n","quote":"\\"\\"","cell":"=1+1;-2"}',
  '{"id":9007199254740993,"x":0.10,"y":1e2,"z":"\\ud800 \\u0000 \u2028"}',
  '{"a,b":[1,{"c":"\\t\'"}]}',
  JSON.stringify({ long: '"'.repeat(2_040) }),
  "{}",
  null,
];
const NAMES = ['=Zo\u00eb "n", \\;', "Ann; '\u{1F3C6}'", "-1", "'Twas", "a|b,c", "\u202fx \u0440\u0443\u0441"];

/** Entries of every kind, of a season that began with season `n`. */
function rowsOf(n: number): EntryRow[] {
  return Array.from({ length: 36 }, (_, index) => {
    const score = [-999_999_999_999_999, 999_999_999_999_999, 0, 1275, -5, 1275][index % 6] ?? 0;
    const sub = [0, 7, Number.MAX_SAFE_INTEGER][index % 3] ?? 0;
    const at = STARTS + (n - 1) * MINUTE + 10 + (index % 4);
    const row: EntryRow = {
      board: toRankingName(BOARD, n),
      user_id: index % 2 === 0 ? `p-${index}` : `${index}`.padStart(20, "0"),
      name: (NAMES[index % 6] ?? "").trim(),
      region: index % 5 === 0 ? "NA" : "EU",
      score: String(score),
      reached_at: String(at),
      updated_at: String(at + index),
      sort_key: score === 0 ? null : String(-score),
      sub: String(sub),
      sub_key: String(Number.MAX_SAFE_INTEGER - sub),
      attempts: index % 7 === 0 ? null : String(index % 7 === 1 ? 1_000 : index),
      metadata: METADATA[Math.floor(index / 2) % 6] ?? null,
    };
    return row;
  });
}

async function put(rows: readonly EntryRow[]): Promise<void> {
  await database.run((sql) => upsertScores(sql, [...rows]));
  for (const [shard, ofShard] of Map.groupBy(rows, shardOfRow)) {
    await putEntries(redis, { shard, board: ofShard[0]?.board ?? "", rows: ofShard });
  }
}
const shardOfRow = ({ region, user_id }: EntryRow): Shard => shardOf(topology, region, user_id);

/** The players whom an operator hides in both stores. */
async function hide(...ids: string[]): Promise<void> {
  for (const { user_id, region } of rowsOf(1).filter((row) => ids.includes(row.user_id))) {
    const shard = shardOf(topology, region, user_id);
    await redis.hset(visibilityKey(shard), user_id, `${STARTS} ${toState(true)}`);
    const event = { user_id, region, hidden: true, updated_at: String(STARTS) };
    await database.run((sql) => upsertVisibility(sql, [event]));
  }
}

/** All that the stores have of a ranking, without hidden players. */
async function kept(ranking: string) {
  const rows = await database.run(
    (sql) => sql<object[]>`
      SELECT user_id, name, region, score::text, reached_at::text, updated_at::text, sort_key::text, sub::text,
        sub_key::text, attempts::text, metadata::text
      FROM visible_leaderboard WHERE board = ${ranking} ORDER BY user_id`,
  );
  const inRedis = await Promise.all(
    topology.shards.map(async (shard) => [
      await redis.zrange(boardKey(shard, ranking), "0", "-1", "WITHSCORES"),
      await redis.zrange(hiddenKey(shard, ranking), "0", "-1", "WITHSCORES"),
      Object.entries(await redis.hgetall(entriesKey(shard, ranking))).toSorted(),
      Object.entries(await redis.hgetall(detailsKey(shard, ranking))).toSorted(),
    ]),
  );
  return { rows: [...rows], inRedis };
}

async function empty(ranking: string): Promise<void> {
  await database.run((sql) => sql`DELETE FROM leaderboard WHERE board = ${ranking}`);
  for (const shard of topology.shards) await redis.del(...entryKeys(shard, ranking));
}

async function definition(id = BOARD) {
  const found = toBoard(await settings.read("boards", id));
  if (found === undefined) throw new Error("no board");
  return found;
}

interface Form {
  format: Format;
  isSpreadsheet?: boolean;
}
const FORMS: [name: string, form: Form][] = [
  ["CSV", { format: "csv" }],
  ["CSV for a spreadsheet", { format: "csv", isSpreadsheet: true }],
  ["NDJSON", { format: "ndjson" }],
];

async function exported({ format, isSpreadsheet = false }: Form, choice: "current" | "previous"): Promise<string> {
  const found = await definition();
  const inSeason = await findSeason({ stores: sides.stores, home: sides.databases.home }, found, choice);
  const file: FileBoard = { ...found, inSeason };
  const { regions } = topology;
  const pages = inSeason.isArchived
    ? exportArchive(sides, { board: BOARD, season: inSeason.season, regions })
    : exportBoard(sides, { board: toRankingName(BOARD, inSeason.season), regions, waitMs: 5_000 });
  let text = (isSpreadsheet ? "\ufeff" : "") + headerOf(format, file);
  for await (const page of pages) {
    text += toLines(format, page, isSpreadsheet ? { board: file, cell: escapeCell } : { board: file });
  }
  return text;
}

async function imported(text: string, { format, isSpreadsheet = false }: Form, board = BOARD) {
  const bad: string[] = [];
  const counts = await importBoard(sides, readLines(new Blob([text]).stream()), {
    board,
    format,
    isSpreadsheet,
    overwrites: false,
    onBad: (line, reason) => bad.push(`${line} ${reason}`),
  });
  return { imported: counts.imported, bad };
}

/** As Excel, LibreOffice and Google Sheets write a file that they have read as texts. */
const RESAVED: [program: string, options: Papa.UnparseConfig, start: string][] = [
  ["Excel in German", { delimiter: ";", newline: "\r\n" }, "\ufeff"],
  ["LibreOffice with all texts quoted", { newline: "\n", quotes: true }, ""],
  ["Google Sheets", { newline: "\r\n" }, ""],
  ["Excel, text with tabs", { delimiter: "\t", newline: "\r\n" }, ""],
];

/** Season 1 is over on all shards, which are in season 2. */
async function endFirst(): Promise<void> {
  for (const shard of topology.shards) {
    await seasons.end(shard, 1);
    await redis.hset(boardsKey(shard), BOARD, `5 open 2 1 ${AT.slice(1).join(" ")} plan 6`);
  }
  await seasons.drain();
}

describe("a file of the season that runs, of a board with all that a board can have", () => {
  test.each(FORMS)("comes back from %s as it was, into both stores", async (_, form) => {
    await endFirst();
    await put(rowsOf(2));
    const ranking = toRankingName(BOARD, 2);
    const before = await kept(ranking);
    const text = await exported(form, "current");
    await empty(ranking);
    expect(await imported(text, form)).toEqual({ imported: 36, bad: [] });
    expect(await kept(ranking)).toEqual(before);
    expect(await exported(form, "current")).toBe(text);
  });

  test.each(RESAVED)("comes back after %s has saved it again", async (_, options, start) => {
    await endFirst();
    await put(rowsOf(2));
    const ranking = toRankingName(BOARD, 2);
    const before = await kept(ranking);
    const { data } = Papa.parse<string[]>((await exported({ format: "csv" }, "current")).trimEnd());
    await empty(ranking);
    expect(await imported(start + Papa.unparse(data, options), { format: "csv" })).toEqual({ imported: 36, bad: [] });
    expect(await kept(ranking)).toEqual(before);
  });

  test.each(FORMS)("of %s leaves hidden players out, and one hidden since stays so", async (_, form) => {
    await endFirst();
    await hide("p-0", "p-2");
    await put(rowsOf(2));
    const ranking = toRankingName(BOARD, 2);
    const text = await exported(form, "current");
    expect(text).not.toMatch(/\bp-[02]\b/);
    await hide("p-4");
    const shown = await kept(ranking);
    expect(shown.rows).toHaveLength(33);
    await empty(ranking);
    expect(await imported(text, form)).toEqual({ imported: 34, bad: [] });
    const after = await kept(ranking);
    expect(after.rows).toEqual(shown.rows);
    const hidden = after.inRedis.flatMap(([, members]) => members as string[]).filter((each) => each.includes("p-"));
    expect(hidden).toEqual([expect.stringMatching(/p-4$/)]);
  });
});

describe("a file of a final season, of such a board", () => {
  const withoutAttempts = ({ attempts: _, ...row }: EntryRow) => row;

  test.each(FORMS)("has in %s what the season had, in the order of its ranks", async (_, form) => {
    await hide("p-0");
    await put(rowsOf(1));
    const text = await exportedOfFirst(form);
    const inSeason: FileSeason = { season: 1, startsAt: STARTS, endsAt: STARTS + MINUTE, isArchived: true };
    const file = { board: { ...(await definition()), inSeason } };
    const reader = createLineReader(form.format, form.isSpreadsheet ? { ...file, cell: unescapeCell } : file);
    const read = text
      .replace(/^\ufeff/, "")
      .split("\n")
      .flatMap((line) => reader.read(line) ?? []);
    const inOrder = rowsOf(1)
      .filter(({ user_id }) => user_id !== "p-0")
      .toSorted(
        (a, b) =>
          Number(a.score) - Number(b.score) ||
          Number(b.sub_key) - Number(a.sub_key) ||
          Number(a.reached_at) - Number(b.reached_at) ||
          (a.user_id < b.user_id ? 1 : -1),
      );
    const nothing = { sort_key: null, metadata: null };
    const found: object[] = read.map((entry) => ({ ...nothing, ...entry, board: toRankingName(BOARD, 1) }));
    expect(found).toEqual(inOrder.map(withoutAttempts));
  });

  test.each(FORMS)("is imported from %s to a board without seasons, once it names none", async (_, form) => {
    await put(rowsOf(1));
    const text = await exportedOfFirst(form);
    const refused = imported(text, form, HALL);
    if (form.format === "csv")
      await expect(refused).rejects.toThrow(/^line 1: .*: take out what the board does not have, season, rank$/);
    else
      expect((await refused).bad[0]).toBe(
        "1 season must be left out: the board has none; rank must be left out: the board has none",
      );
    expect(await imported(withoutSeason(text, form), form, HALL)).toEqual({ imported: 36, bad: [] });
    const { rows } = await kept(HALL);
    expect(rows as unknown[]).toMatchObject(
      rowsOf(1)
        .toSorted((a, b) => (a.user_id < b.user_id ? -1 : 1))
        .map(({ user_id, name, score, sub, metadata }) => ({ user_id, name, score, sub, metadata, attempts: null })),
    );
  });

  async function exportedOfFirst(form: Form): Promise<string> {
    await endFirst();
    await seasons.look();
    expect(await kept(toRankingName(BOARD, 1))).toMatchObject({ rows: [] });
    return exported(form, "previous");
  }

  function withoutSeason(text: string, { format }: Form): string {
    const lines = text.trimEnd();
    if (format === "csv") return Papa.unparse(Papa.parse<string[]>(lines).data.map((cells) => cells.slice(0, -2)));
    return lines.replaceAll(/,"season":1,"rank":\d+/g, "");
  }
});
