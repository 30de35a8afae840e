import { beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { homesKey } from "shared/redis/keys";
import { dirForFile, forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { runLb } from "testing/services/run-lb";
import { HEADER } from "../../drainer/src/transfer/board-file.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import type { Format } from "../../drainer/src/transfer/file-board.ts";
import { type ImportCounts, importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { exportText, startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const empty = () => under.clear();
beforeEach(empty);

const exported = (format?: Format) => exportText(under, format);

async function imported(
  text: string | Uint8Array,
  options: { format?: Format; overwrites?: boolean; board?: string } = {},
) {
  const bad: string[] = [];
  async function* chunks() {
    yield typeof text === "string" ? Buffer.from(text) : text;
  }
  const counts = await importBoard(under.sides, readLines(chunks()), {
    board: "main",
    format: "csv",
    overwrites: false,
    ...options,
    onBad: (line, reason) => bad.push(`${line} ${reason}`),
  });
  return { counts, bad };
}

const top = () =>
  createBoards(under.sides.topology, under.sides.stores.of, configuredDefinitions(under.sides.topology)).top(
    "GLOBAL",
    "main",
    1_000,
  );
const line = (userId: string, score: number, time: string, region = under.regionOf(userId)) =>
  `${userId},Name of ${userId},${region},${score},${time},${time}\n`;
const counts = (some: Partial<ImportCounts>) => ({ imported: 0, skipped: 0, repaired: 0, erased: 0, bad: 0, ...some });
const OLD = "2020-01-02T03:04:05.678901Z";

test("a board that is exported and imported is the same, ties, names and times included, in both stores", async () => {
  for (let n = 0; n < 300; n++) await under.set(`p${(n * 37) % 300}`, n % 5);
  await under.set("p7", 1); // an arrival that is older than the version
  const [identity, odd] = [{ userId: "odd0", region: "EU" }, 'A "b", c; 🏆'];
  await under.submit({ ...identity, name: odd }, { operation: "set", board: "main", value: Number.MAX_SAFE_INTEGER });
  await under.drain();
  const before = await top();
  for (const format of ["csv", "ndjson"] as const) {
    const file = await exported(format);
    await empty();
    expect(await imported(file, { format })).toEqual({ counts: counts({ imported: 301 }), bad: [] });
    expect(await top()).toEqual(before);
    expect(await under.sweep(false)).toEqual([]);
    expect(await exported(format)).toBe(file);
    expect((await imported(file, { format })).counts).toEqual(counts({ imported: 301 }));
    expect(await top()).toEqual(before);
  }
});

test("a Redis from before an import counts as one that lacks it, however old the lines are", async () => {
  await under.set("player-0", 1);
  await under.drain();
  const { home } = under.sides.stores;
  const clockBefore = Number(await home.get("clock:{EU}"));
  await imported(HEADER.csv + line("old0", 7, OLD));
  const guarded = await under.sides.databases.home.run(
    (sql) => sql<{ newest: string }[]>`SELECT max(version)::text AS newest FROM drained_versions WHERE tag = 'EU'`,
  );
  expect(Number(guarded[0]?.newest)).toBeGreaterThan(clockBefore);
});

test("a bad line is reported with its number, and the others are imported", async () => {
  const text = `${HEADER.csv}${line("p0", 1, OLD)}${line("p 1", 1, OLD)}"open\n\n${line("p2", 3, OLD)}${line("p3", 1, "2999-01-01T00:00:00Z")}`;
  const { counts: found, bad } = await imported(`${text}${line("p4", 1, OLD, "MARS")}`);
  expect(found).toEqual(counts({ imported: 2, bad: 4 }));
  expect(bad.map((each) => each.slice(0, 8))).toEqual(["3 user_i", "4 user_i", "7 reache", "8 region"]);
  expect((await top()).entries.map(({ user_id }) => user_id)).toEqual(["p2", "p0"]);
});

test("only the times that are in the future are named", async () => {
  const ahead = line("p0", 1, OLD).replace(`${OLD}\n`, "2999-01-01T00:00:00Z\n");
  expect((await imported(HEADER.csv + ahead)).bad).toEqual(["2 updated_at must not be in the future"]);
});

test.each(["", "\n\r\n"])(
  "a CSV file of %j is a bad line of its own; NDJSON is a board without entries",
  async (text) => {
    expect(await imported(text)).toEqual({ counts: counts({ bad: 1 }), bad: ["1 the file is empty"] });
    expect(await imported(text, { format: "ndjson" })).toEqual({ counts: counts({}), bad: [] });
    expect(await imported(HEADER.csv)).toEqual({ counts: counts({}), bad: [] });
  },
);

test("newer entries stay, queued or drained; with overwrites the file wins, and later writes win again", async () => {
  await under.set("p0", 50);
  await under.drain();
  await under.set("p1", 60);
  const text = HEADER.csv + line("p0", 1, OLD) + line("p1", 2, OLD);
  expect((await imported(text)).counts).toEqual(counts({ skipped: 2 }));
  await under.drain();
  expect((await top()).entries).toMatchObject([{ score: 60 }, { score: 50 }]);
  expect((await imported(text, { overwrites: true })).counts).toEqual(counts({ imported: 2 }));
  expect((await top()).entries).toMatchObject([{ score: 2 }, { score: 1 }]);
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  await under.set("p0", 3);
  await under.drain();
  expect((await top()).entries).toMatchObject([{ user_id: "p0", score: 3 }, { score: 2 }]);
  expect(await under.sweep(false)).toEqual([]);
});

test("of two lines of a player the newer one counts, and with overwrites the later one", async () => {
  const text = HEADER.csv + line("p0", 9, "2020-01-02T03:04:06Z") + line("p0", 1, OLD);
  expect((await imported(text)).counts).toEqual(counts({ imported: 1, skipped: 1 }));
  expect((await top()).entries).toMatchObject([{ score: 9 }]);
  await imported(text, { overwrites: true });
  expect((await top()).entries).toMatchObject([{ score: 1 }]);
});

test("with overwrites a version is never older than the arrival, where the clock of the file is ahead", async () => {
  const ahead = new Date(Date.now() + 50_000).toISOString();
  await imported(HEADER.csv + line("p0", 1, ahead), { overwrites: true });
  const file = await exported();
  await empty();
  expect(await imported(file)).toEqual({ counts: counts({ imported: 1 }), bad: [] });
});

test("a name that is not UTF-8 reaches neither store", async () => {
  const text = HEADER.csv + line("p0", 1, OLD) + line("p2", 2, OLD).replace("Name of p2", "Ren\u00e9");
  const { counts: found, bad } = await imported(Buffer.from(text, "latin1"));
  expect([found, bad]).toEqual([
    counts({ imported: 1, bad: 1 }),
    [expect.stringMatching(/^3 name is not UTF-8: save the file as UTF-8/)],
  ]);
  expect((await top()).entries.map(({ user_id }) => user_id)).toEqual(["p0"]);
});

test("an import brings no erased player back and moves no player to another region", async () => {
  const erase = createErasePlayer({ ...under.sides, fences: under.fences });
  await under.set("p0", 5);
  await under.drain();
  const file = await exported();
  await erase("p0");
  for (let time = 1; time <= 2; time++) {
    for (const overwrites of [false, true]) {
      const { counts: found } = await imported(file, { overwrites });
      expect(found.imported).toBe(0);
    }
    await under.drain();
    await under.sides.stores.home.del("erased:{EU}:p0");
  }
  expect([(await top()).total, await exported()]).toEqual([0, HEADER.csv]);
  await under.sides.stores.home.hset("account:{accounts}:p1", { name: "p1", region: "NA", created_at: "1" });
  expect((await imported(HEADER.csv + line("p1", 5, OLD, "EU"))).bad).toEqual([
    "2 region must be NA, the player's home",
  ]);
});

test("an import moves no player without an account to another region, of one file or of an earlier one", async () => {
  const other = "region must be EU, the player's home";
  const both = HEADER.csv + line("p0", 1, OLD, "EU") + line("p0", 2, OLD, "NA");
  expect((await imported(both)).bad).toEqual([`3 ${other}`]);
  for (const overwrites of [false, true]) {
    expect((await imported(HEADER.csv + line("p0", 3, OLD, "NA"), { overwrites })).bad).toEqual([`2 ${other}`]);
  }
  expect(await top()).toMatchObject({ total: 1, entries: [{ region: "EU", score: 1 }] });
  await under.sides.stores.home.del(homesKey);
  expect((await imported(HEADER.csv + line("p0", 3, OLD, "NA"))).bad).toEqual([`2 ${other}`]);
});

test("a large import updates the table statistics, so that an export does not sort for every page", async () => {
  const { home } = under.sides.databases;
  await home.run((sql) => sql`ALTER TABLE leaderboard SET (autovacuum_enabled = off)`);
  await imported(HEADER.csv + Array.from({ length: 10_000 }, (_, n) => line(`p${n}`, n, OLD)).join(""));
  const [known] = await home.run((sql) => sql`SELECT reltuples FROM pg_class WHERE oid = 'leaderboard'::regclass`);
  await home.run((sql) => sql`ALTER TABLE leaderboard RESET (autovacuum_enabled)`);
  expect(known?.reltuples).toBe(10_000);
});

test("an export beside live writes has every player once, as of its beginning or later", async () => {
  const ids = Array.from({ length: 200 }, (_, n) => `p${n}`);
  for (const id of ids) await under.set(id, 1);
  let n = 0;
  await using _draining = keepDoing(() => under.drainOnce());
  await using _writing = keepDoing(() => under.set(`p${n++ % 400}`, 100 + n));
  const lines = (await exported()).trimEnd().split("\n").slice(1);
  const found = lines.map((each) => each.split(",")[0] ?? "");
  expect(new Set(found).size).toBe(found.length);
  expect(ids.filter((id) => !found.includes(id))).toEqual([]);
});

test("an import beside repartition is refused and writes nothing", async () => {
  for (const split of ["1>4 copying", "1>4 moving", "4"]) {
    await under.sides.stores.home.set("split:{EU}", split);
    await expect(imported(HEADER.csv + line("p0", 1, OLD, "EU"))).rejects.toThrow(/PARTITIONS/);
  }
  await under.sides.stores.home.del("split:{EU}");
  expect([(await top()).total, await exported()]).toEqual([0, HEADER.csv]);
});

const dir = await dirForFile();

describe("as commands", () => {
  async function lb(args: string[], input = "") {
    const stores = { REDIS_URL: under.redisServer.url, POSTGRES_URL: under.postgresUrl };
    return runLb(args, { ...stores, REGIONS: "EU,NA", BOARDS: "main,weekly" }, { cwd: dir, input });
  }

  test("export and import take a file, or standard output and input", async () => {
    for (const id of ["p0", "p1", "p2"]) await under.set(id, 5);
    await under.drain();
    const before = await top();
    const out = await lb(["export", "board.ndjson", "--json"]);
    expect([out.code, out.out, JSON.parse(out.err)]).toEqual([0, "", { entries: 3, seconds: expect.any(Number) }]);
    expect(await readdir(dir)).toEqual(["board.ndjson"]);
    expect(await Bun.file(join(dir, "board.ndjson")).text()).toBe(await exported("ndjson"));
    const region = await lb(["export", "--region", "na"]);
    expect(region).toMatchObject({ code: 0, out: expect.stringMatching(/^user_id,.*\np1,[^\n]*\n$/) });
    const all = await lb(["export"]);
    expect((await lb(["export", "-"])).out).toBe(all.out);
    await empty();
    expect(await lb(["import", "board.ndjson"])).toMatchObject({ code: 0, out: expect.stringContaining("3 entries") });
    expect(await top()).toEqual(before);
    await empty();
    expect(JSON.parse((await lb(["import", "--json"], all.out)).out)).toEqual(counts({ imported: 3 }));
    expect(await top()).toEqual(before);
  });

  test("an import with bad lines names them and ends with 2; one of another kind of file ends with 1", async () => {
    const { code, out, err } = await lb(["import", "--json"], HEADER.csv + line("p0", 1, OLD) + line("p 1", 1, OLD));
    expect([code, JSON.parse(out)]).toEqual([2, counts({ imported: 1, bad: 1 })]);
    expect(JSON.parse(err)).toEqual({ line: 3, columns: ["user_id"], reason: expect.stringContaining("user_id") });
    const one = await lb(["import"], HEADER.csv + line("p 1", 1, OLD));
    expect(one).toMatchObject({ code: 2, out: expect.stringMatching(/0 entries imported, .*, 1 bad line\.\n$/) });
    expect(await lb(["import"], "")).toMatchObject({ code: 2, err: expect.stringContaining("the file is empty") });
    expect(await lb(["import"], "not,a,board\n")).toMatchObject({ code: 1, err: expect.stringContaining("columns") });
    expect(await lb(["import", "missing.csv"])).toMatchObject({ code: 1, err: expect.stringContaining("missing.csv") });
  });

  test("a file as Excel saves it goes in, and what Excel has changed is named by line and column", async () => {
    const rows = [
      "\ufeffUser ID;Name;Region;Score;reached_at;updated_at;",
      `p0;"A ""b""; c";EU;5;${OLD};${OLD};`,
      `p1;"two\nlines";NA;6;${OLD};${OLD};`,
      `1,23E+11;P;EU;1,5;02.01.2020 03:04;${OLD};`,
      ";;;;;;",
      `p2;P;eu;7;${OLD};${OLD};`,
    ];
    await Bun.write(join(dir, "excel.csv"), `${rows.join("\r\n")}\r\n`);
    const { code, out, err } = await lb(["import", "excel.csv"]);
    expect([code, out]).toEqual([2, expect.stringContaining("2 entries imported")]);
    const lines = err.split("\n").filter((each) => each.startsWith("line "));
    expect(lines).toEqual([
      "line 3: name must have no line break",
      expect.stringMatching(
        /^line 5: user_id must be .*; score must have a point .*; reached_at must be a time such as/,
      ),
    ]);
    const json = await lb(["import", "excel.csv", "--json"]);
    expect([json.code, JSON.parse(json.out)]).toEqual([2, counts({ imported: 2, bad: 2 })]);
    const faults = json.err.split("\n").flatMap((each) => (each.startsWith("{") ? [JSON.parse(each)] : []));
    expect(faults.map(({ line, columns }) => [line, columns])).toEqual([
      [3, ["name"]],
      [5, ["user_id", "score", "reached_at"]],
    ]);
    expect((await top()).entries).toMatchObject([
      { user_id: "p2", name: "P", score: 7 },
      { user_id: "p0", name: 'A "b"; c', score: 5 },
    ]);
    await rm(join(dir, "excel.csv"));
    const headless = await lb(["import", "--json"], "user_id;name;notes\n");
    expect([headless.code, JSON.parse(headless.err)]).toMatchObject([
      1,
      {
        line: 1,
        columns: ["region", "score", "reached_at", "updated_at", "notes"],
        reason: expect.stringMatching(/^the first line must/),
      },
    ]);
    expect((await lb(["import"], "user_id;name;notes\n")).err).toStartWith("lb import: line 1: the first line must");
  });

  test("an export for a spreadsheet has no cell that begins a formula, and is imported as it was", async () => {
    const formula = '=HYPERLINK("http://evil","x")';
    const names: [userId: string, name: string][] = [
      ["-p0", formula],
      ["p2", "'Twas"],
      ["p4", `'${formula}`],
      ["p6", "a;=1"],
      ["p8", "René"],
    ];
    for (const [userId, name] of names) {
      await under.submit({ userId, name, region: "EU" }, { operation: "set", board: "main", value: -5 });
    }
    await under.drain();
    const plain = await exported();
    expect(await lb(["export", "sheet.csv", "--spreadsheet"])).toMatchObject({ code: 0 });
    const sheet = await Bun.file(join(dir, "sheet.csv")).bytes();
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(sheet);
    expect(text.startsWith("\ufeffuser_id,")).toBe(true);
    expect(text).toContain(`\n'-p0,"'=HYPERLINK(""http://evil"",""x"")",EU,-5,`);
    await empty();
    expect(await lb(["import", "sheet.csv", "--spreadsheet"])).toMatchObject({ code: 0 });
    expect(await exported()).toBe(plain);
    for (const command of ["export", "import"]) {
      const refused = await lb([command, "--spreadsheet", "--format", "ndjson"]);
      expect(refused).toMatchObject({
        code: 1,
        err: expect.stringContaining("--spreadsheet goes with the format csv"),
      });
    }
    await rm(join(dir, "sheet.csv"));
  });

  test("an export replaces a link and leaves its target as it is", async () => {
    const elsewhere = await mkdtemp(join(dir, "linked-"));
    const target = join(elsewhere, "target");
    await Bun.write(target, "precious");
    for (const name of ["linked.csv.part", "linked.csv"]) await symlink(target, join(elsewhere, name));
    expect(await lb(["export", join(elsewhere, "linked.csv")])).toMatchObject({ code: 0 });
    expect(await Bun.file(target).text()).toBe("precious");
    expect(await Bun.file(join(elsewhere, "linked.csv")).text()).toBe(await exported());
    await rm(elsewhere, { recursive: true });
  });

  test("an export that fails leaves no new file, and an old one as it is", async () => {
    await Bun.write(join(dir, "board.csv"), "of before");
    await under.set("p0", 1);
    expect(await lb(["export", "board.csv", "--wait", "0"])).toMatchObject({ code: 1 });
    expect(await Bun.file(join(dir, "board.csv")).text()).toBe("of before");
    expect((await readdir(dir)).toSorted()).toEqual(["board.csv", "board.ndjson"]);
  });
});

test("an export fails with the number of waiting events where no drainer runs", async () => {
  await under.set("p0", 1);
  const pages = exportBoard(under.sides, { board: "main", regions: ["EU"], waitMs: 0 });
  await expect(pages.next()).rejects.toThrow("1 events of EU wait for PostgreSQL");
});
