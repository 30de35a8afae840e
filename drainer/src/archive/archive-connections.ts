import { type Database, openDatabase } from "shared/postgres/database";
import { openDatabases } from "shared/postgres/databases";
import { readPostgresUrl } from "shared/stores/postgres-url";

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

/** The hosts and ports of a database. */
const serverOf = (url: string) =>
  readPostgresUrl(url)
    .hosts.map(({ host, port }) => `${host}:${port}`)
    .join();

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
  /** The end of the last large archive of each server. */
  const turns = new Map<string, Promise<unknown>>();

  /** Large archives of one server come one after the other: each takes a core of it. */
  function inTurn<T>(server: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(server) ?? Promise.resolve()).then(work);
    turns.set(
      server,
      turn.catch(() => {}),
    );
    return turn;
  }

  async function useLarge<T>(url: string, rows: number, work: (database: Database) => Promise<T>): Promise<T> {
    const large = openDatabase(url, { deadlineMs: LEAST_MS + rows * MS_PER_ROW, connectionsMax: 1 });
    try {
      return await work(large);
    } finally {
      await large.close();
    }
  }

  return {
    async use(region, rows, work) {
      if (rows <= SMALL_ROWS_MAX) return await work(small.of(region));
      const url = byRegion.get(region) ?? home;
      return await inTurn(serverOf(url), () => useLarge(url, rows, work));
    },
    close: () => small.close(),
  };
}
