import { ARCHIVE_STATEMENT_MS } from "shared/base/deadlines";
import { within } from "shared/base/within";
import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { openDatabases } from "shared/postgres/databases";
import { SeasonPurged } from "./archived-entry.ts";

/** A database of archived seasons. */
export interface ArchiveDatabase {
  /** The regions whose archives it has; empty for a home database without any. */
  readonly regions: readonly string[];
  /**
   * @param waitMs how long the caller waits; the use itself may take longer
   * @throws ArchiveAway, SeasonPurged
   */
  read<T>(work: (sql: Sql) => Promise<T>, waitMs: number): Promise<T>;
}

/** The databases of archived seasons. They are read and never written. */
export interface ArchiveDatabases {
  /** Which seasons have ended. */
  readonly home: ArchiveDatabase;
  readonly all: readonly ArchiveDatabase[];
  close(): Promise<void>;
}

/** A database did not answer in time, refused, or has too many reads waiting already. */
export class ArchiveAway extends Error {
  constructor(label: string, cause?: unknown) {
    super(`${label} does not answer`, { cause });
    this.name = "ArchiveAway";
  }
}

export interface ArchiveDatabasesOptions {
  homeUrl: string;
  urlsByRegion: ReadonlyMap<string, string>;
}

// A read takes a connection for a millisecond or two. More would take PostgreSQL's memory from
// the drainer.
const CONNECTIONS_MAX = 4;
/** Uses of one database that run or wait. Beyond them a read is refused at once. */
export const WAITING_MAX = 64;

/** Opens the databases, each with a pool of its own. */
export function openArchiveDatabases({ homeUrl, urlsByRegion }: ArchiveDatabasesOptions): ArchiveDatabases {
  const databases = openDatabases(homeUrl, urlsByRegion, {
    deadlineMs: ARCHIVE_STATEMENT_MS,
    connectionsMax: CONNECTIONS_MAX,
    name: "ranker",
  });
  const byDatabase = Map.groupBy(urlsByRegion.keys(), databases.of);
  const bounded = new Map(databases.all.map((each) => [each, bound(each, byDatabase.get(each) ?? [])]));
  const at = (database: Database) => bounded.get(database) ?? bound(database, []);
  return { home: at(databases.home), all: [...bounded.values()], close: databases.close };
}

/**
 * Bounds the uses of a database. While it does not answer, one use at a time finds out whether it
 * does again; all others are refused at once.
 */
function bound(database: Database, regions: readonly string[]): ArchiveDatabase {
  let waiting = 0;
  let isAway = false;

  async function use<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    waiting++;
    try {
      const done = await database.run(work);
      isAway = false;
      return done;
    } catch (error) {
      isAway = !(error instanceof SeasonPurged);
      throw error;
    } finally {
      waiting--;
    }
  }

  return {
    regions,
    async read(work, waitMs) {
      if (waiting >= (isAway ? 1 : WAITING_MAX)) throw new ArchiveAway(database.label);
      const used = use(work);
      try {
        return await within(waitMs, used);
      } catch (error) {
        if (error instanceof SeasonPurged) throw error;
        isAway = true;
        used.catch(() => {}); // goes on behind the caller
        throw new ArchiveAway(database.label, error);
      }
    },
  };
}
