import postgres, { type Sql } from "postgres";
import { configuredBoard } from "shared/model/board";
import { createTopology, GLOBAL } from "shared/model/regions";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { openArchiveDatabases } from "../../../ranker/src/archive/archive-databases.ts";
import { createArchives } from "../../../ranker/src/archive/archives.ts";
import { rankedIn } from "../../../ranker/src/seasons/ranked-board.ts";
import { type Row, toRow } from "../harness/row.ts";
import { startBenchPostgres } from "../stage/stores.ts";

const DATABASE = "archive";
const BOARD = "cup";
const REGIONS = ["ASIA", "EU", "NA"];
const READS = 1_000;
/** A count takes as long as hundreds of reads. */
const COUNTS = 20;
/** The most that a rank may take, in milliseconds. */
const RANK_MAX_MS = 5;

interface Player {
  user_id: string;
  rank: string;
}

/** Fills the archive of a season: scores as on a board, most of them low, and few instants. */
async function seed(sql: Sql, entries: number): Promise<void> {
  await sql`
    INSERT INTO archived (
      board, season, region, rank, rank_shared, counted, user_id, name, score, sort_key, reached_at, updated_at
    )
    SELECT ${BOARD}, 1, region, row_number() OVER (
        PARTITION BY region ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC
      ), rank() OVER (PARTITION BY region ORDER BY score DESC), TRUE, user_id, 'Player', score, score, reached_at, reached_at
    FROM (
      SELECT region, region || n AS user_id, (5 * floor(20000 * random() ^ 3))::bigint AS score,
        'epoch'::timestamptz + floor(random() * 1000) * interval '1 microsecond' AS reached_at
      FROM unnest(${REGIONS}::text[]) AS region, generate_series(1, ${String(entries)}::integer) AS n
    ) AS entry`;
  await sql`
    INSERT INTO ended_seasons (ranking, region, board, season, starts_at, ends_at, state, total)
    SELECT ${`${BOARD}@1`}, region, ${BOARD}, 1, 'epoch', 'epoch', 'final', ${String(entries)}::bigint
    FROM unnest(${REGIONS}::text[]) AS region`;
  await sql`VACUUM (ANALYZE) archived`;
}

/** Players with their ranks among all regions, as `row_number()` has them. */
const readSome = (sql: Sql) => sql<Player[]>`
  SELECT user_id, rank::text AS rank FROM (
    SELECT user_id, row_number() OVER (ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC) AS rank
    FROM archived WHERE board = ${BOARD} AND season = 1
  ) AS ranked
  ORDER BY random() LIMIT ${READS}`;

const countAhead = (sql: Sql, userId: string) => sql<{ rank: string }[]>`
  SELECT (1 + count(*))::text AS rank FROM archived AS entry, archived AS self
  WHERE self.user_id = ${userId} AND self.board = ${BOARD} AND self.season = 1
    AND entry.board = ${BOARD} AND entry.season = 1 AND (
      entry.score > self.score OR entry.score = self.score AND (
        entry.reached_at < self.reached_at
        OR entry.reached_at = self.reached_at AND entry.user_id COLLATE "C" > self.user_id
      )
    )`;

async function time(into: number[], work: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  await work();
  into.push(performance.now() - startedAt);
}

/** What the rank of a player among all regions takes, in a season with so many entries in each. */
export async function timeArchivedRank(dir: string, entries: number, say: (text: string) => void): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startBenchPostgres(dir, [DATABASE]));
  const url = server.url(DATABASE);
  await migrate(url);
  const sql = stack.adopt(postgres(url, { max: 1, fetch_types: true }), (pool) => pool.end());
  say(`archiving ${REGIONS.length * entries} entries`);
  await seed(sql, entries);
  const players: Player[] = [];
  const all: number[] = [];
  await time(all, async () => players.push(...(await readSome(sql))));

  const urlsByRegion = new Map(REGIONS.map((region) => [region, url]));
  const databases = stack.adopt(openArchiveDatabases({ homeUrl: url, urlsByRegion }), (each) => each.close());
  const archives = createArchives(createTopology(REGIONS, 1, []), databases);
  const question = {
    board: rankedIn(configuredBoard(BOARD), 1),
    view: GLOBAL,
    season: { season: 1, startsAt: 0, endsAt: 1 },
    withDetails: false,
    allowsPartial: false,
    ties: "arrival" as const,
  };
  say("reading ranks");
  const faults = new Set<string>();
  const [reads, counts]: [number[], number[]] = [[], []];
  for (const { user_id, rank } of players) {
    await time(reads, async () => {
      const found = await archives.rank(question, user_id);
      if (found.rank !== Number(rank)) faults.add(`${user_id} has rank ${found.rank} for ${rank}`);
    });
  }
  for (const { user_id, rank } of players.slice(0, COUNTS)) {
    await time(counts, async () => {
      const [found] = await countAhead(sql, user_id);
      if (found?.rank !== rank) faults.add(`a count of those ahead of ${user_id} is ${found?.rank} for ${rank}`);
    });
  }
  const what = `an archived rank among ${(REGIONS.length * entries).toLocaleString("en")} entries of ${REGIONS.length} regions`;
  const texts = { row: "seasons", what, unit: "ms" } as const;
  const first = reads.slice(0, COUNTS);
  return [
    toRow(
      { ...texts, yardstick: "a count of those ahead", aims: [{ of: "ours", at: "most", value: RANK_MAX_MS }] },
      { ours: first, theirs: counts, faults: [...faults] },
    ),
    toRow({ ...texts, what: `${what}, ${READS} players`, yardstick: "", aims: [] }, { ours: reads }),
    toRow({ ...texts, what: "row_number() over all of them, once", yardstick: "", aims: [] }, { ours: all }),
  ];
}
