import { toPlace } from "shared/entries/records";
import type { Sql } from "shared/postgres/connect-postgres";
import type { Viewed } from "../boards/entry-views.ts";
import type { RankedBoard } from "../seasons/ranked-board.ts";

/** A season of a board in the archives. */
export interface ArchivedRead {
  board: RankedBoard;
  /** Whether to read metadata, too. */
  withDetails: boolean;
}

/** An entry of an archived season. */
export interface ArchivedEntry extends Omit<Viewed, "rank" | "total"> {
  /** In its region, at the end of the season. */
  rank: number;
  /** The same as a shared rank. */
  rankShared: number;
  /** Whether the player was visible then: one who was not has the rank of the next who was. */
  isCounted: boolean;
  /** Its place in the total order, as columns of the archive. Times are microseconds. */
  at: { sortKey: string; subKey: string; reachedAt: string };
}

/** What a place in the order of an archive is made of. */
export type ArchivedPlace = Pick<ArchivedEntry, "region" | "userId" | "at">;

/** What a region has of an archived season. */
export interface Shelf {
  region: string;
  /** Ranked entries at the end. */
  total: number;
  entries: ArchivedEntry[];
}

/** The season has gone from the archives, because its board keeps it no longer. */
export class SeasonPurged extends Error {
  constructor() {
    super("The season was purged.");
    this.name = "SeasonPurged";
  }
}

/** A row of a statement: a region, with one of its entries or none. */
export interface ShelfRow {
  region: string;
  purged: boolean;
  total: string;
  user_id: string | null;
  name: string;
  rank: string;
  rank_shared: string;
  counted: boolean;
  sort_key: string;
  sub_key: string;
  reached_us: string;
  updated_us: string;
  metadata: string | null;
}

/** The columns of {@link ShelfRow}, of `shelf` and `entry`. */
export const shelfColumns = (sql: Sql, withDetails: boolean) => sql`
  shelf.region, shelf.purged, shelf.total, entry.user_id, entry.name, entry.rank, entry.rank_shared, entry.counted,
  entry.sort_key, entry.sub_key,
  trunc(extract(epoch FROM entry.reached_at) * 1000000)::text AS reached_us,
  trunc(extract(epoch FROM entry.updated_at) * 1000000)::text AS updated_us,
  ${withDetails ? sql`entry.metadata::text` : sql`NULL::text`} AS metadata`;

/** The condition that `shelf` is one of these regions, with the season in its archive. */
export const isShelf = (sql: Sql, { board }: Pick<ArchivedRead, "board">, regions: string) =>
  sql`shelf.ranking = ${board.ranking} AND shelf.region = ANY (${regions}::text[]) AND shelf.state = 'final'`;

/** The condition that `entry` is of the season, on the shelf. */
export const isOnShelf = (sql: Sql, { id, number }: RankedBoard) =>
  sql`entry.board = ${id} AND entry.season = ${number}::text::integer AND entry.region = shelf.region`;

/** @throws SeasonPurged */
export function toShelves(rows: readonly ShelfRow[], read: ArchivedRead): Shelf[] {
  if (rows.some(({ purged }) => purged)) throw new SeasonPurged();
  return [...Map.groupBy(rows, ({ region }) => region)].map(([region, own]) => ({
    region,
    total: Number(own[0]?.total),
    entries: own.flatMap((row) => (row.user_id === null ? [] : toEntry(row, row.user_id, read))),
  }));
}

function toEntry(row: ShelfRow, userId: string, { board, withDetails }: ArchivedRead): ArchivedEntry {
  const { region, name, rank, rank_shared, updated_us, metadata } = row;
  const { sort_key: sortKey, sub_key: subKey, reached_us: reachedAt } = row;
  const sub_key = board.sub === null ? null : subKey;
  const entry: ArchivedEntry = {
    userId,
    region,
    name,
    rank: Number(rank),
    rankShared: Number(rank_shared),
    isCounted: row.counted,
    score: Number(sortKey),
    member: toPlace({ sub_key, reached_at: reachedAt }) + userId,
    updatedAt: Number(updated_us),
    at: { sortKey, subKey, reachedAt },
  };
  if (withDetails) entry.details = metadata === null ? null : `0 ${metadata}`;
  return entry;
}
