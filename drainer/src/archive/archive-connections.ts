import { type Database, openDatabase } from "shared/postgres/database";
import { openDatabases } from "shared/postgres/databases";

/** Connections for archives alone: batches of events must not wait for one. */
export interface ArchiveConnections {
  /**
   * Lets some work use the database of a region, with as long as the archive of so many rows may
   * take.
   */
  use<T>(region: string, rows: number, work: (database: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Where the databases are. */
export interface DatabaseUrls {
  home: string;
  byRegion: ReadonlyMap<string, string>;
}

/** Seasons with no more rows share a connection, which saves many small ones a new one each. */
const SMALL_ROWS_MAX = 20_000;
/**
 * Some ten times what an archive took on a busy machine, 60 us a row. A connection whose other end
 * is gone holds up all seasons for as long.
 */
const LEAST_MS = 5_000;
const MS_PER_ROW = 0.5;

export function openArchiveConnections({ home, byRegion }: DatabaseUrls): ArchiveConnections {
  const small = openDatabases(home, byRegion, { deadlineMs: LEAST_MS, connectionsMax: 1 });
  return {
    async use(region, rows, work) {
      if (rows <= SMALL_ROWS_MAX) return await work(small.of(region));
      const deadlineMs = LEAST_MS + rows * MS_PER_ROW;
      const large = openDatabase(byRegion.get(region) ?? home, { deadlineMs, connectionsMax: 1 });
      try {
        return await work(large);
      } finally {
        await large.close();
      }
    },
    close: () => small.close(),
  };
}
