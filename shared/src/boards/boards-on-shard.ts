import type { Shard } from "../model/regions.ts";
import { boardsKey } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { toRankingName } from "../seasons/ranking-name.ts";
import { parseKeptBoard } from "./kept-board.ts";

/** Boards of one page: a script takes three keys for each, and holds Redis for well below 1 ms. */
const PAGE = 100;

/**
 * The names of all rankings that may have entries on a shard, page by page: of the boards that the
 * shard knows, deleted ones included, and of the configured ones. A board without seasons is one
 * ranking, and has the name of its id; one with seasons is a ranking for each season whose keys may
 * be left. Each comes once.
 *
 * @param options.without leaves out the boards that are there for no reader any more
 * @throws what Redis throws
 */
export async function* boardsOnShard(
  redis: Redis,
  shard: Shard,
  configuredBoards: readonly string[],
  { without }: { without?: "deleted" } = {},
): AsyncGenerator<string[]> {
  const configured = new Set(configuredBoards);
  const seen = new Set<string>();
  yield* pagesOf(configuredBoards);
  let cursor = "0";
  do {
    const [next, flat] = await redis.hscan(boardsKey(shard), cursor, "COUNT", PAGE);
    cursor = next;
    const isMeant = (kept = "") => without === undefined || !/^\d+ deleting/.test(kept);
    // HSCAN may name a field twice while the hash grows.
    const found: string[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const [id = "", kept = ""] = flat.slice(i, i + 2);
      if (seen.has(id) || !isMeant(kept)) continue;
      seen.add(id);
      for (const name of rankingsOf(id, kept)) if (!configured.has(name)) found.push(name);
    }
    yield* pagesOf(found);
  } while (cursor !== "0");
}

/** @param kept what the shard keeps of the board */
function* rankingsOf(id: string, kept: string): Generator<string> {
  const { season, oldest } = parseKeptBoard(kept)?.seasons ?? { season: 0, oldest: 0 };
  for (let each = oldest; each <= season; each++) yield toRankingName(id, each);
}

function* pagesOf(ids: readonly string[]): Generator<string[]> {
  for (let i = 0; i < ids.length; i += PAGE) yield ids.slice(i, i + PAGE);
}
