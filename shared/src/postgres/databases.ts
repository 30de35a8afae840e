import { type Database, type DatabaseOptions, openDatabase } from "./database.ts";

/** The databases of a deployment. Regions with the same URL share a pool. */
export interface Databases {
  /** The database of accounts. */
  readonly home: Database;
  readonly all: readonly Database[];
  readonly byUrl: ReadonlyMap<string, Database>;
  of(region: string): Database;
  /** The database of a configured URL. */
  at(url: string): Database;
  close(): Promise<void>;
}

export function openDatabases(
  homeUrl: string,
  urlsByRegion: ReadonlyMap<string, string>,
  options: DatabaseOptions = {},
): Databases {
  const urls = new Set([homeUrl, ...urlsByRegion.values()]);
  const opened = new Map([...urls].map((url) => [url, openDatabase(url, options)]));
  const at = (url: string | undefined): Database => {
    const database = opened.get(url ?? "");
    if (database === undefined) throw new RangeError("the region is not configured");
    return database;
  };
  return {
    home: at(homeUrl),
    all: [...opened.values()],
    byUrl: opened,
    at,
    of: (region) => at(urlsByRegion.get(region)),
    async close() {
      await Promise.all([...opened.values()].map((database) => database.close()));
    },
  };
}
