import type { Shard } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { parseRankingName } from "shared/seasons/ranking-name";
import type { Sides } from "../subjects/sides.ts";
import { boardsWithEntries } from "./boards-with-entries.ts";
import { readBoardIds } from "./read-board-ids.ts";
import { readRevisions } from "./read-revisions.ts";

/**
 * The boards and seasons of a region that either store has entries of, each once: those with rows
 * in the region's database first, then those that Redis alone has on these shards. Boards that are
 * being deleted are left out, and seasons that are archived and about to leave both stores.
 *
 * @throws what Redis or PostgreSQL throw
 */
export async function* boardsToCompare(sides: Sides, region: string, shards: readonly Shard[]): AsyncGenerator<string> {
  const { topology, stores, databases } = sides;
  // The deletion takes their entries out of one store after the other.
  const deleted = await readDeleted(sides);
  const seen = await readArchiving(databases.of(region));
  const isMeant = (ranking: string) => !seen.has(ranking) && !deleted.has(parseRankingName(ranking)?.board ?? ranking);
  for await (const page of readBoardIds(databases.of(region))) {
    for (const board of page) {
      if (!isMeant(board)) continue;
      seen.add(board);
      yield board;
    }
  }
  for (const shard of shards) {
    for await (const page of boardsWithEntries(stores.of(region), shard, topology.configuredBoards)) {
      for (const board of page) {
        if (!isMeant(board)) continue;
        seen.add(board);
        yield board;
      }
    }
  }
}

/** The names of seasons that are final, and not gone yet. */
async function readArchiving(database: Database): Promise<Set<string>> {
  const rows = await database.run(
    (sql) => sql<{ ranking: string }[]>`
      SELECT ranking FROM ended_seasons WHERE NOT settled AND state = 'final'`,
  );
  return new Set(rows.map(({ ranking }) => ranking));
}

async function readDeleted(sides: Sides): Promise<Set<string>> {
  const deleted = new Set<string>();
  for await (const page of readRevisions(sides)) {
    for (const { id, state } of page) if (state === "deleting") deleted.add(id);
  }
  return deleted;
}
