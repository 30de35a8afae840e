import type { Database } from "shared/postgres/database";
import type { EntryRow } from "../rows/read-entries.ts";
import { readPages } from "../rows/row-pages.ts";
import { toMicroseconds } from "../rows/version-rule.ts";
import type { Sides } from "../subjects/sides.ts";
import type { FileRow } from "./board-file.ts";

export interface ArchiveOptions {
  board: string;
  season: number;
  regions: readonly string[];
  /** Ends the export. */
  signal?: AbortSignal;
}

/** An entry of an archive, with its rank in its region. */
type ArchivedRow = EntryRow & { rank: string; hidden: boolean };

const PAGE_ROWS = 5_000;

/** Entries of one region, in the order of their ranks: the visible ones, or the others. */
async function* readStream(
  database: Database,
  { board, season, region, hidden }: { board: string; season: number; region: string; hidden: boolean },
): AsyncGenerator<ArchivedRow> {
  const pages = readPages<ArchivedRow>(database, (sql, last) => {
    // Each of the two has an index in this order.
    const isMeant = hidden ? sql`hidden` : sql`NOT hidden`;
    const behind =
      last === undefined
        ? sql`TRUE`
        : sql`sort_key <= ${last.sort_key ?? "0"}::bigint AND (
            sort_key < ${last.sort_key ?? "0"}::bigint OR sub_key < ${last.sub_key ?? "0"}::bigint
            OR sub_key = ${last.sub_key ?? "0"}::bigint AND (
              reached_at > ${instantOf(last)}::text::timestamptz
              OR reached_at = ${instantOf(last)}::text::timestamptz AND user_id COLLATE "C" < ${last.user_id}
            )
          )`;
    return sql<ArchivedRow[]>`
      SELECT board, user_id, name, region, score::text AS score, rank::text AS rank, hidden,
        ${toMicroseconds(sql, "reached_at")} AS reached_at, ${toMicroseconds(sql, "updated_at")} AS updated_at,
        sort_key::text AS sort_key, sub::text AS sub, sub_key::text AS sub_key, metadata::text AS metadata
      FROM archived
      WHERE board = ${board} AND season = ${season}::text::integer AND region = ${region}
        AND ${isMeant} AND ${behind}
      ORDER BY archived.sort_key DESC, archived.sub_key DESC, archived.reached_at, user_id COLLATE "C" DESC
      LIMIT ${PAGE_ROWS}`;
  });
  for await (const page of pages) yield* page;
}

/**
 * A time with all microseconds. It is sent as a text: the client would cut a time to milliseconds.
 */
function instantOf({ reached_at }: ArchivedRow): string {
  const us = BigInt(reached_at);
  const seconds = new Date(Number(us / 1_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(us % 1_000_000n).padStart(6, "0")}Z`;
}

/** The order of all ranks: negative where `a` is ahead of `b`. */
const inOrder = (a: ArchivedRow, b: ArchivedRow): number =>
  Number(b.sort_key) - Number(a.sort_key) ||
  Number(b.sub_key) - Number(a.sub_key) ||
  Number(a.reached_at) - Number(b.reached_at) ||
  (a.user_id < b.user_id ? 1 : -1);

interface Stream {
  rows: AsyncGenerator<ArchivedRow>;
  head: ArchivedRow | undefined;
  region: string;
}

const firstOf = (streams: readonly Stream[]): Stream | undefined =>
  streams.reduce<Stream | undefined>((first, each) => {
    if (each.head === undefined) return first;
    return first?.head === undefined || inOrder(each.head, first.head) < 0 ? each : first;
  }, undefined);

/**
 * Reads the visible entries of a final season in the order of their ranks, page by page. Ranks are
 * those of the end, over all regions that are read: a player hidden or erased since left a gap.
 *
 * @throws the reason of `signal`; what PostgreSQL throws
 */
export async function* exportArchive({ databases }: Pick<Sides, "databases">, options: ArchiveOptions) {
  const { board, season, regions, signal } = options;
  const streams: Stream[] = [];
  /** Ranked entries of each region. */
  const totals = new Map<string, number>();
  for (const region of regions) {
    const database = databases.of(region);
    totals.set(region, await readTotal(database, options, region));
    for (const hidden of [false, true]) {
      const rows = readStream(database, { board, season, region, hidden });
      streams.push({ rows, region, head: (await rows.next()).value ?? undefined });
    }
  }
  /** How many ranked entries of a region are ahead of what is read next. */
  const aheadIn = (region: string) => {
    const next = firstOf(streams.filter((stream) => stream.region === region))?.head;
    return next === undefined ? (totals.get(region) ?? 0) : Number(next.rank) - 1;
  };
  let page: FileRow[] = [];
  for (let next = firstOf(streams); next?.head !== undefined; next = firstOf(streams)) {
    const { head, region } = next;
    if (!head.hidden) {
      const others = regions.filter((each) => each !== region);
      page.push({ ...head, rank: others.reduce((rank, each) => rank + aheadIn(each), Number(head.rank)) });
    }
    next.head = (await next.rows.next()).value ?? undefined;
    if (page.length < PAGE_ROWS) continue;
    signal?.throwIfAborted();
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function readTotal(database: Database, { board, season }: ArchiveOptions, region: string): Promise<number> {
  const [row] = await database.run(
    (sql) => sql<{ total: string }[]>`
      SELECT total::text AS total FROM ended_seasons
      WHERE board = ${board} AND season = ${season}::text::integer AND region = ${region}`,
  );
  return Number(row?.total ?? 0);
}
