import type { Database } from "./database.ts";

/** For a bar that shows how far something is: what is written meanwhile may be counted or not. */
export async function countEntries(database: Database, place?: { board: string; region: string }): Promise<number> {
  const [row] = await database.run((sql) =>
    place === undefined
      ? sql<{ rows: string }[]>`SELECT count(*) AS rows FROM leaderboard`
      : sql<{ rows: string }[]>`
          SELECT count(*) AS rows FROM leaderboard WHERE board = ${place.board} AND region = ${place.region}`,
  );
  return Number(row?.rows ?? 0);
}

export async function countAccounts(database: Database): Promise<number> {
  const [row] = await database.run((sql) => sql<{ rows: string }[]>`SELECT count(*) AS rows FROM accounts`);
  return Number(row?.rows ?? 0);
}
