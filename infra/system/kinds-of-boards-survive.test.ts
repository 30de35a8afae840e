import { beforeEach, describe, expect, test } from "bun:test";
import { type EntryRecord, formatRecord, parseRecord } from "shared/entries/records";
import { parseAsSpelled } from "shared/http/exact-json";
import { boardSchema, toDefinition } from "shared/model/board";
import { createTopology, type Topology } from "shared/model/regions";
import { boardKey, detailsKey, entriesKey, entryKeys, hiddenKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { flushAll } from "testing/whole-store";
import { findBoard } from "../../drainer/src/boards/find-board.ts";
import { repartition } from "../../drainer/src/repartition/repartition.ts";
import { restore } from "../../drainer/src/restore/restore.ts";
import { entrySweeps } from "../../drainer/src/subjects/subjects.ts";
import { headerOf, toLines } from "../../drainer/src/transfer/board-file.ts";
import { BYTE_ORDER_MARK, escapeCell } from "../../drainer/src/transfer/csv/spreadsheet-cell.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import type { Format } from "../../drainer/src/transfer/file-board.ts";
import { importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { createChangeBoards } from "../../ranker/src/definitions/change-boards.ts";
import { createDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { createSeasonPlans } from "../../ranker/src/definitions/season-plans.ts";
import { createTellShards } from "../../ranker/src/definitions/tell-shards.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { createSubmit } from "../../ranker/src/writes/submit.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const REGIONS = ["EU", "NA"];
const under = await forFile(startBothStores(REGIONS));
const { stores, databases } = under.sides;
const { home } = stores;

/** One of each kind, and one that has all of them. */
const KINDS = {
  golf: { order: "asc" },
  laps: { order: "asc", decimals: 3, operator: "best" },
  money: { decimals: 2, operator: "add" },
  quiz: { sub: "desc", operator: "best" },
  quickest: { sub: "asc", operator: "add" },
  cars: { metadata_bytes_max: 200 },
  daily: { attempts_max: 1000, operator: "best" },
  "000": { order: "asc", decimals: 2, sub: "asc", metadata_bytes_max: 200, attempts_max: 1000 },
} as const;
const BOARDS = Object.keys(KINDS);
const topologyOf = (partitions: number) => createTopology(REGIONS, partitions, ["main"]);

/** What a ranker of this number of partitions does. */
function rankerOf(topology: Topology) {
  const settings = createSettings({ home, queueMax: 1_000 });
  const definitions = createDefinitions(settings, topology.configuredBoards);
  const boards = createBoards(topology, stores.of, definitions);
  const tellShards = createTellShards(topology, stores);
  const parts = { topology, stores, definitions, boards, tellShards, fences: under.fences };
  const submit = createSubmit({ ...parts, redisOf: stores.of, queueMax: 1_000_000 });
  return {
    boards,
    submit,
    changeBoards: createChangeBoards({
      ...parts,
      settings,
      plans: createSeasonPlans({ settings, now: async () => 0 }),
    }),
    hide: createSetVisibility(parts),
  };
}

/**
 * Ids of digits alone look like the digits in front of them, names need quotes, and every tenth
 * player is hidden.
 */
const players = Array.from({ length: 40 }, (_, n) => {
  const userId = n % 3 === 0 ? `${n}`.padStart(16, "0") + n : `p-${n}`;
  return { userId, name: n % 5 === 0 ? `=Zo\u00eb "${n}", \\;` : `Player ${n}`, region: REGIONS[n % 2] ?? "EU" };
});
const hidden = players.filter((_, n) => n % 10 === 9);
const METADATA = ['{"id":9007199254740993,"x":0.10,"y":1e2}', '{"a":";=1+1","b":"\\ud800 \\u0000 \\"","c":[{}]}', "{}"];

async function play(topology: Topology): Promise<void> {
  const { submit, changeBoards, hide } = rankerOf(topology);
  for (const [board, kind] of Object.entries(KINDS)) {
    await changeBoards.put(board, toDefinition(boardSchema.parse(kind)));
  }
  for (const player of hidden) await hide(player, { hidden: true });
  const plays = players.flatMap((player, n) =>
    Object.entries(KINDS).map(([board, kind]) => ({ player, n, board, kind })),
  );
  for (let round = 0; round < 3; round++) {
    const written = plays.map(({ player, n, board, kind }) => {
      const seed = (n * 7 + round * 13) % 11;
      const value = (seed - 5) / ("decimals" in kind ? 10 ** kind.decimals : 1);
      const text = METADATA[seed % 4];
      const metadata = "metadata_bytes_max" in kind && text !== undefined ? asSpelled(text) : undefined;
      const sub = "sub" in kind ? (n + round) % 3 : undefined;
      return submit(player, { operation: "submit", board, value, sub, metadata });
    });
    await Promise.all(written);
  }
  await under.drain();
}

const asSpelled = (text: string): object => parseAsSpelled(text) as object;

type Kept = Record<string, { score: string | null; isHidden: boolean; record: string; details: string | null }>;

/** All entries in Redis, by board and player. */
async function kept(topology: Topology): Promise<Kept> {
  const found: Kept = {};
  for (const shard of topology.shards) {
    for (const board of BOARDS) {
      const records = await home.hgetall(entriesKey(shard, board));
      for (const [userId, record] of Object.entries(records)) {
        const member = parseRecord(record).place + userId;
        const [shown, unseen] = await Promise.all([
          home.zscore(boardKey(shard, board), member),
          home.zscore(hiddenKey(shard, board), member),
        ]);
        const details = await home.hget(detailsKey(shard, board), userId);
        found[`${board} ${userId}`] = { score: shown ?? unseen, isHidden: shown === null, record, details };
      }
    }
  }
  return found;
}

const tops = async (topology: Topology) => {
  const { boards } = rankerOf(topology);
  const views = BOARDS.flatMap((board) =>
    ["GLOBAL", ...REGIONS].map((view) => boards.top(view, board, 1_000, { withDetails: true })),
  );
  return JSON.stringify(await Promise.all(views));
};

async function drifts(topology: Topology, isFixing = false) {
  const found: string[] = [];
  for (const sweep of entrySweeps({ topology, stores, databases }, topology.shards)) {
    await sweep({
      isFixing,
      onDrift: ({ board, user_id, kind, isRepaired }) => found.push(`${board} ${user_id} ${kind} ${isRepaired}`),
    });
  }
  return found;
}

const one = topologyOf(1);
beforeEach(async () => {
  await under.clear();
  for (const key of await home.keys("fence:*")) await home.del(key);
  await openFences(home, one);
  await play(one);
});
const stillAs = async (before: Kept, topology = one) => {
  expect(await kept(topology)).toEqual(before);
  expect(await drifts(topology)).toEqual([]);
};

test("SQL has every kind of board in the order of Redis, with all its columns", async () => {
  expect(await drifts(one)).toEqual([]);
  const { boards } = rankerOf(one);
  for (const board of BOARDS) {
    const { decimals, order } = await findBoard(under.sides, board);
    for (const region of REGIONS) {
      const rows = await databases.home.run(
        (sql) => sql<{ user_id: string; score: string; sub: string | null; metadata: string | null }[]>`
          SELECT user_id, score::text AS score, sub::text AS sub, sub_key, attempts, metadata::text AS metadata
          FROM visible_leaderboard WHERE board = ${board} AND region = ${region}
          ORDER BY coalesce(sort_key, score) DESC, sub_key DESC, reached_at, user_id COLLATE "C" DESC`,
      );
      const { entries } = await boards.top(region, board, 1_000, { withDetails: true });
      const inRedis = entries.map(({ user_id, score, sub, metadata }) => [
        user_id,
        score,
        sub ?? null,
        metadata == null ? null : JSON.stringify(metadata),
      ]);
      const inSql = rows.map(({ user_id, score, sub, metadata }) => [
        user_id,
        Number(score) / 10 ** decimals,
        sub === null ? null : Number(sub),
        metadata,
      ]);
      expect(inSql).toEqual(inRedis);
      const scores = entries.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => (order === "asc" ? a - b : b - a)));
      expect(rows).toHaveLength(region === "EU" ? 20 : 16);
    }
  }
});

test("an emptied Redis has every entry again after a restore, to the last byte", async () => {
  const [before, shown] = [await kept(one), await tops(one)];
  expect(Object.keys(before)).toHaveLength(players.length * BOARDS.length);
  await flushAll(home);
  await restore({ topology: one, stores, databases });
  await stillAs(before);
  expect(await tops(one)).toBe(shown);
});

test("an emptied PostgreSQL and an emptied Redis are filled from the other store by reconcile", async () => {
  const before = await kept(one);
  await databases.home.run((sql) => sql`TRUNCATE leaderboard`);
  await drifts(one, true);
  await stillAs(before);
  for (const board of BOARDS) {
    for (const { tag } of one.shards) {
      const shard = { region: tag, partition: 0, tag };
      await home.del(...entryKeys(shard, board));
    }
  }
  await drifts(one, true);
  await stillAs(before);
});

/** The entry of a player on the board of all kinds. */
const shard = { region: "EU", partition: 0, tag: "EU" };
const ENTRY = { board: "000", userId: "p-2" };
const inSql = (assignment: string) => async () => {
  await databases.home.run((sql) =>
    sql.unsafe(`UPDATE leaderboard SET ${assignment} WHERE board = '000' AND user_id = 'p-2'`),
  );
};
async function rewrite(change: (record: EntryRecord) => Partial<EntryRecord>): Promise<void> {
  const key = entriesKey(shard, ENTRY.board);
  const record = parseRecord((await home.hget(key, ENTRY.userId)) ?? "");
  await home.hset(key, ENTRY.userId, formatRecord({ ...record, ...change(record) }));
}
const detail = (text: string) => () => home.hset(detailsKey(shard, ENTRY.board), ENTRY.userId, text);
async function rescore(): Promise<void> {
  const { place } = parseRecord((await home.hget(entriesKey(shard, ENTRY.board), ENTRY.userId)) ?? "");
  await home.zadd(boardKey(shard, ENTRY.board), 99, place + ENTRY.userId);
}

describe("reconcile takes the right side of", () => {
  test.each<[string, () => Promise<unknown>, kind: string]>([
    ["the score in a row", inSql("score = 99"), "row_differs"],
    ["the key of the order in a row", inSql("sort_key = 99"), "row_differs"],
    ["no key of the order in a row", inSql("sort_key = NULL"), "row_differs"],
    ["the sub-score in a row", inSql("sub = 99"), "row_differs"],
    ["the key of the sub-score in a row", inSql("sub_key = 99"), "row_differs"],
    ["no sub-score in a row", inSql("sub = NULL, sub_key = NULL"), "row_differs"],
    ["a sub-score in a row without its key", inSql("sub_key = NULL"), "row_differs"],
    ["the attempts in a row", inSql("attempts = 99"), "row_differs"],
    ["no attempts in a row", inSql("attempts = NULL"), "row_differs"],
    ["the metadata in a row", inSql(`metadata = '{"x":1}'`), "row_differs"],
    ["no metadata in a row", inSql("metadata = NULL"), "row_differs"],
    ["the score in the ranking", rescore, "entry_broken"],
    ["the score in the record", () => rewrite(() => ({ score: "99" })), "entry_broken"],
    ["the ranked score in the record", () => rewrite(() => ({ rankedScore: "99" })), "entry_broken"],
    ["the sub-score in the record", () => rewrite(() => ({ sub: "99" })), "entry_broken"],
    ["no sub-score in the record", () => rewrite(() => ({ sub: null })), "entry_broken"],
    [
      "the key of the sub-score in the record",
      () => rewrite(({ place }) => ({ place: "0".repeat(16) + place.slice(16) })),
      "entry_broken",
    ],
    ["no key of a sub-score in the record", () => rewrite(({ place }) => ({ place: place.slice(16) })), "entry_broken"],
    ["details that are none", detail("soon"), "entry_broken"],
    ["metadata that is no JSON", detail("2 {a}"), "entry_broken"],
    ["a second member", () => home.zadd(boardKey(shard, "000"), 7, `${"1".repeat(32)}p-2`), "entry_broken"],
    [
      "a second member among the hidden",
      () => home.zadd(hiddenKey(shard, "000"), 7, `${"1".repeat(32)}p-2`),
      "entry_broken",
    ],
  ])("%s", async (_, spoil, kind) => {
    const before = await kept(one);
    await spoil();
    expect(await drifts(one)).toEqual([`000 p-2 ${kind} false`]);
    expect(new Set(await drifts(one, true))).toEqual(new Set([`000 p-2 ${kind} true`]));
    await stillAs(before);
    expect(await home.zcard(boardKey(shard, "000"))).toBe(20);
  });

  test.each([
    ["missing", "", null],
    ["others", '7 {"b":1.50}', '7 {"b":1.50}'],
  ])("details that are %s: Redis decides, as with a name", async (_, text, after) => {
    if (text === "") await home.hdel(detailsKey(shard, "000"), "p-2");
    else await detail(text)();
    await drifts(one, true);
    expect(await drifts(one)).toEqual([]);
    expect((await kept(one))["000 p-2"]?.details ?? null).toBe(after);
  });

  test("a whole hash of details: entries that Redis lost have those of their rows", async () => {
    const before = await kept(one);
    await home.del(...entryKeys(shard, "000"));
    await drifts(one, true);
    await stillAs(before);
  });
});

test("a move to four partitions and back keeps every entry, to the last byte", async () => {
  const [before, shown] = [await kept(one), await tops(one)];
  const move = (to: number) => Array.fromAsync(repartition({ topology: one, to, stores, databases, batchMax: 100 }));
  expect(await move(4)).toMatchObject([{ broken: 0 }, { broken: 0 }]);
  await stillAs(before, topologyOf(4));
  expect(await tops(topologyOf(4))).toBe(shown);
  expect(await move(1)).toMatchObject([{ broken: 0 }, { broken: 0 }]);
  await stillAs(before);
  expect(await tops(one)).toBe(shown);
}, 60_000);

test("where a record contradicts the ranking, a move takes the ranking's score, also where the lowest wins", async () => {
  await rescore();
  await Array.fromAsync(repartition({ topology: one, to: 4, stores, databases, batchMax: 100 }));
  expect((await kept(topologyOf(4)))["000 p-2"]).toMatchObject({
    score: "99",
    record: expect.stringContaining(" 99,-99,"),
  });
});

test.each<[string, Format, boolean]>([
  ["CSV", "csv", false],
  ["CSV for a spreadsheet", "csv", true],
  ["NDJSON", "ndjson", false],
])("an export as %s brings every visible entry back, to the last byte", async (_, format, isSpreadsheet) => {
  const before = Object.fromEntries(Object.entries(await kept(one)).filter(([, { isHidden }]) => !isHidden));
  const files = new Map<string, string>();
  for (const board of BOARDS) {
    const definition = await findBoard(under.sides, board);
    const form = isSpreadsheet ? { board: definition, cell: escapeCell } : { board: definition };
    let file = isSpreadsheet ? BYTE_ORDER_MARK : "";
    file += headerOf(format, definition);
    for await (const page of exportBoard(under.sides, { board, regions: REGIONS, waitMs: 5_000 })) {
      file += toLines(format, page, form);
    }
    if (isSpreadsheet) expect(file.split("\n").slice(1).join("\n")).not.toMatch(/(^|[,;])[ "]*[=+@]/m);
    files.set(board, file);
  }
  await databases.home.run((sql) => sql`TRUNCATE leaderboard, visibility`);
  for (const shard of one.shards) {
    await home.del(`visibility:{${shard.tag}}`);
    for (const board of BOARDS) {
      await home.del(...entryKeys(shard, board));
    }
  }
  for (const [board, file] of files) {
    const bad: string[] = [];
    const options = {
      board,
      format,
      overwrites: false,
      isSpreadsheet,
      onBad: (line: number, text: string) => bad.push(`${line} ${text}`),
    };
    async function* chunks() {
      yield Buffer.from(file);
    }
    const counts = await importBoard(under.sides, readLines(chunks()), options);
    expect([bad, counts.imported]).toEqual([[], 36]);
  }
  await stillAs(before);
});

test("a line that is none of the board is refused with its number, and the others are imported", async () => {
  const time = "2020-01-02T03:04:05.678901Z";
  const entry = { name: "Ann", region: "EU", score: 1.25, reached_at: time, updated_at: time };
  const whole = { ...entry, sub: 1, attempts: 1, metadata: { a: 1 } };
  const lines = [
    { user_id: "new-1", ...whole },
    { user_id: "new-2", ...whole, score: 1.255 },
    { user_id: "new-3", ...whole, metadata: { a: "x".repeat(200) } },
    { user_id: "new-4", ...entry },
    { user_id: "new-5", ...whole, attempts: 0, metadata: null },
  ];
  async function* chunks() {
    yield Buffer.from(lines.map((each) => `${JSON.stringify(each)}\n`).join(""));
  }
  const bad: string[] = [];
  const onBad = (line: number, reason: string) => bad.push(`${line} ${reason.split(" ")[0]}`);
  const options = { board: "000", format: "ndjson", overwrites: false, onBad } as const;
  expect(await importBoard(under.sides, readLines(chunks()), options)).toMatchObject({ imported: 2, bad: 3 });
  expect(bad).toEqual(["2 score", "3 metadata", "4 sub"]);
  expect(await drifts(one)).toEqual([]);
});
