import { beforeAll, describe, expect, test } from "bun:test";
import { configuredBoard } from "shared/model/board";
import { createTopology } from "shared/model/regions";
import type { Sql } from "shared/postgres/connect-postgres";
import { forFile } from "testing/for-file";
import { STARTS, startArchives } from "../../test/archives-under-test.ts";
import { inOrder } from "../boards/shard-entry.ts";
import { rankedIn } from "../seasons/ranked-board.ts";
import type { ArchivedEntry } from "./archived-entry.ts";
import { createArchives } from "./archives.ts";
import { readSamples } from "./pages/read-samples.ts";
import { aheadOfTies, behindTies } from "./position.ts";
import { countAhead } from "./ranks/count-ahead.ts";
import { knownRanks } from "./ranks/known-ranks.ts";
import { readOwnEntries } from "./read-own-entries.ts";
import { readPlayers } from "./read-players.ts";
import { readTop } from "./read-top.ts";
import { readNeighbours } from "./read-window.ts";

const REGIONS = ["GLOBAL", "EU", "NA"];
/** Players of each region, and as many who were hidden later, at the top of it. */
const VISIBLE = 60_000;
const HIDDEN = 40_000;

const { databases, archives } = await forFile(startArchives(REGIONS, []));
const board = rankedIn({ ...configuredBoard("cup"), has_seasons: true }, 1);
const read = { board, withDetails: true };
const run = <T>(work: (sql: Sql) => Promise<T>) => databases.home.run(work);

// Hundreds tie in score, and some in the microsecond, in a region and over regions.
beforeAll(
  () =>
    run((sql) =>
      sql.unsafe(`
        INSERT INTO ended_seasons (ranking, region, board, season, starts_at, ends_at, state, frozen, total)
        SELECT 'cup@1', region, 'cup', 1, now(), now(), 'final', TRUE, ${VISIBLE + HIDDEN}
        FROM unnest(ARRAY['${REGIONS.join("','")}']) AS region;
        INSERT INTO archived (
          board, season, region, rank, rank_shared, counted, user_id, name, score, sort_key, reached_at, updated_at, hidden
        )
        SELECT 'cup', 1, region, n, n, TRUE, region || (1000000 - n), 'Name', score, score, at, at, n <= ${HIDDEN}
        FROM (
          SELECT region, n, 1000 - n / 200 AS score,
            'epoch'::timestamptz + (${STARTS}::bigint + n / 3) * interval '1 microsecond' AS at
          FROM unnest(ARRAY['${REGIONS.join("','")}']) AS region, generate_series(1, ${VISIBLE + HIDDEN}) AS n
        ) AS entry;
        ANALYZE archived; ANALYZE ended_seasons;`),
    ),
  120_000,
);

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Node[];
}

/** The plan by which PostgreSQL runs a statement of the archive. */
async function planOf(work: (sql: Sql) => Promise<unknown>): Promise<Node> {
  let plan: Node | undefined;
  await run(async (sql) => {
    const explaining = ((strings: TemplateStringsArray, ...values: never[]) => {
      if (!/^\s*SELECT (shelf|at|\s*$)/.test(strings[0] ?? "")) return sql(strings, ...values);
      const explained = Object.assign([`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${strings[0]}`, ...strings.slice(1)], {
        raw: strings.raw,
      });
      return sql<{ "QUERY PLAN": [{ Plan: Node }] }[]>(explained as never, ...values).then(([row]) => {
        plan = row?.["QUERY PLAN"][0].Plan;
        return [];
      });
    }) as unknown as Sql;
    await work(explaining);
  });
  if (plan === undefined) throw new Error("nothing was explained");
  return plan;
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Blocks of one statement, and what it reads of the archive other than by an index. */
async function costOf(work: (sql: Sql) => Promise<unknown>) {
  const plan = await planOf(work);
  const ofArchive = nodesOf(plan).filter((node) => node["Relation Name"] === "archived");
  expect(ofArchive.length).toBeGreaterThan(0);
  const rows = ofArchive.reduce((sum, node) => sum + (node["Actual Rows"] ?? 0) * (node["Actual Loops"] ?? 0), 0);
  return {
    blocks: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    rows,
    others: ofArchive.map((node) => node["Node Type"]).filter((type) => !type.startsWith("Index")),
  };
}

async function entryOf(region: string, n: number): Promise<ArchivedEntry> {
  const [shelf] = await run(readPlayers(read, [region], [`${region}${1_000_000 - n}`]));
  const [entry] = shelf?.entries ?? [];
  if (entry === undefined) throw new Error(`no entry ${n}`);
  return entry;
}

describe.each([
  ["the first behind all hidden players", HIDDEN + 1],
  ["one of many that tie", HIDDEN + 30_000],
  ["the last", HIDDEN + VISIBLE],
])("among 300,000 rows, of %s", (_, n) => {
  test("a rank of all regions reads index entries alone, a few of each region, and is right", async () => {
    const entry = await entryOf("EU", n);
    const cost = await costOf(countAhead(read, REGIONS, [entry]));
    expect(cost.others).toEqual([]);
    // Two regions, in each one row among the visible and one among the hidden ones.
    expect([cost.rows <= 4, cost.blocks < 100]).toEqual([true, true]);
    const [ahead] = await run(countAhead(read, REGIONS, [entry]));
    const [counted] = await run(
      (sql) => sql<{ ahead: number }[]>`
        SELECT count(*)::integer AS ahead FROM archived, (SELECT * FROM archived WHERE user_id = ${entry.userId}) AS own
        WHERE archived.region <> own.region AND (
          archived.sort_key > own.sort_key OR archived.sort_key = own.sort_key AND (
            archived.reached_at < own.reached_at
            OR archived.reached_at = own.reached_at AND archived.user_id COLLATE "C" > own.user_id
          )
        )`,
    );
    expect(ahead).toBe(counted?.ahead);
  });

  test("a shared rank and the rank of a score read as little, and are right", async () => {
    const entry = await entryOf("EU", n);
    const behind = behindTies({ position: { score: entry.score, member: "" } });
    for (const [position, condition] of [
      [aheadOfTies(entry), "sort_key > $1::bigint"],
      [behind, "sort_key >= $1::bigint"],
    ] as const) {
      const cost = await costOf(countAhead(read, REGIONS, [position]));
      expect(cost.others).toEqual([]);
      expect([cost.rows <= 6, cost.blocks < 150]).toEqual([true, true]);
      const [ahead] = await run(countAhead(read, REGIONS, [position]));
      const [counted] = await run((sql) =>
        sql.unsafe<{ ahead: number }[]>(`SELECT count(*)::integer AS ahead FROM archived WHERE ${condition}`, [
          String(entry.score),
        ]),
      );
      expect(ahead).toBe(counted?.ahead);
    }
  });

  test("neighbours cost no more than they are", async () => {
    const position = await entryOf("NA", n);
    for (const side of ["ahead", "behind"] as const) {
      const cost = await costOf(readNeighbours(read, REGIONS, { position, side, size: 20 }));
      expect(cost.others).toEqual([]);
      // Each of the four ranges of a region ends after 20 rows.
      expect([cost.rows <= 3 * 4 * 20, cost.blocks < 500]).toEqual([true, true]);
    }
  });
});

test("the top passes over no hidden player, and a player is found by the id", async () => {
  const top = await costOf(readTop(read, REGIONS, 100));
  expect([top.others, top.rows <= 300, top.blocks < 500]).toEqual([[], true, true]);
  const [shelf] = await run(readTop(read, ["EU"], 1));
  expect(shelf?.entries[0]?.rank).toBe(HIDDEN + 1);
  const player = await costOf(readPlayers(read, REGIONS, ["EU950000"]));
  expect([player.others, player.rows <= 3, player.blocks < 50]).toEqual([[], true, true]);
  const own = await costOf(readOwnEntries(REGIONS, "EU950000", { after: "", limit: 100 }));
  expect([own.others, own.rows, own.blocks < 50]).toEqual([[], 1, true]);
});

describe("a page behind a number of entries", () => {
  test("is found by seeks of an index alone", async () => {
    const ranges = REGIONS.map((region) => ({ region, low: 20_000, high: 90_000 }));
    const cost = await costOf(readSamples(read, ranges, 64));
    expect([cost.others, cost.rows, cost.blocks < 5 * 3 * 64]).toEqual([[], 3 * 64, true]);
  });

  test("takes a bounded number of statements, wherever it is, and begins with the right row", async () => {
    let statements = 0;
    const counted = archives.all.map((database) => ({
      ...database,
      read: <T>(work: (sql: Sql) => Promise<T>, waitMs: number) => {
        statements++;
        return database.read(work, waitMs);
      },
    }));
    const pages = createArchives(createTopology(REGIONS, 1, []), { all: counted });
    const season = { season: 1, startsAt: STARTS, endsAt: STARTS };
    const ranked = await run(
      (sql) => sql<{ id: string; rank: number; hidden: boolean }[]>`
        SELECT user_id AS id, hidden,
          row_number() OVER (ORDER BY sort_key DESC, reached_at, user_id COLLATE "C" DESC)::integer AS rank
        FROM archived ORDER BY rank`,
    );
    const visible = ranked.filter(({ hidden }) => !hidden);
    const froms = [2, 129, 130, 777, 119_999, 120_001, 299_990, 300_000, 300_001, 2 ** 31 - 1];
    for (const from of froms.concat(Array.from({ length: 30 }, (_, n) => 200 + 9_973 * n))) {
      statements = 0;
      const question = {
        view: "GLOBAL",
        board,
        season,
        withDetails: false,
        allowsPartial: false,
        ties: "arrival" as const,
      };
      const { view } = await pages.page(question, { start: { ahead: from - 1 }, limit: 20 });
      const first = visible.findIndex(({ rank }) => rank >= from);
      const shown = first < 0 ? [] : visible.slice(first, first + 20).map(({ rank, id }) => [rank, id]);
      expect(view.entries.map(({ rank, user_id }) => [rank, user_id])).toEqual(shown);
      // The totals, rounds of samples, both sides of the place, and ranks that are not known by
      // then.
      expect(statements).toBeLessThanOrEqual(1 + 4 + 2 + 1);
    }
  });

  test("of one region is one seek", async () => {
    const { view } = await createArchives(createTopology(REGIONS, 1, []), archives).page(
      {
        view: "EU",
        board,
        season: { season: 1, startsAt: STARTS, endsAt: STARTS },
        withDetails: false,
        allowsPartial: false,
        ties: "arrival",
      },
      { start: { ahead: 69_999 }, limit: 2 },
    );
    expect(view.entries.map(({ rank }) => rank)).toEqual([70_000, 70_001]);
  });
});

test("the best thousand of all regions need no statement for their ranks", async () => {
  const shelves = await run(readTop(read, REGIONS, 1_000));
  const known = knownRanks(shelves);
  const best = shelves
    .flatMap(({ entries }) => entries)
    .sort(inOrder)
    .slice(0, 1_000);
  const unknown = best.filter((entry) => !known.has(entry));
  const [ahead] = await run(countAhead(read, REGIONS, [best[500] as ArchivedEntry]));
  expect(known.get(best[500] as ArchivedEntry)).toBe((best[500]?.rank ?? 0) + (ahead ?? 0));
  // Behind players who were hidden since, the first of each region tell nothing.
  expect(unknown.length).toBeLessThan(10);
});
