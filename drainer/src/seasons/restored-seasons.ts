import { parseKeptBoard } from "shared/boards/kept-board";
import type { BoardRevision } from "shared/boards/put-boards";
import type { Shard } from "shared/model/regions";
import type { SettingValue } from "shared/model/settings";
import type { Database } from "shared/postgres/database";
import { ACCOUNTS_TAG, boardsKey, entryKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { type KeptPlan, toKeptPlan } from "shared/seasons/plan";
import { toRankingName } from "shared/seasons/ranking-name";
import { createSettings } from "shared/settings/settings";
import { isOpen, readFence } from "shared/stores/fenced-store";
import { readSettingsOf } from "../settings/read-settings.ts";
import type { Sides } from "../subjects/sides.ts";

/**
 * The plans of these boards, by id: of the home Redis where that is open, else of the home
 * database.
 */
async function readPlans({ stores, databases }: Sides, ids: readonly string[]): Promise<Map<string, KeptPlan>> {
  const isHomeOpen = await readFence(stores.home, ACCOUNTS_TAG).then(isOpen, () => false);
  const kept = isHomeOpen
    ? await createSettings({ home: stores.home, queueMax: 0 }).readThese("seasons", ids)
    : (await readSettingsOf(databases.home, "seasons", ids)).map(({ id, text, updated_at: version }) => ({
        id,
        version,
        value: JSON.parse(text) as SettingValue,
      }));
  const plans = kept.flatMap((setting): [string, KeptPlan][] => {
    const plan = toKeptPlan(setting);
    return setting === undefined || plan === undefined ? [] : [[setting.id, plan]];
  });
  return new Map(plans);
}

/** What the database of a region knows of the seasons of a board on one shard. */
interface Known {
  /** The last one that has ended on the shard, or left Redis on all of them. */
  ended: number;
  /** The oldest one that has ended and not left Redis; null where there is none. */
  unsettled: number | null;
}

/** By the id of the board. One that no season has ended of has no entry. */
async function readKnown(
  database: Database,
  { region, tag }: Shard,
  plans: ReadonlyMap<string, KeptPlan>,
): Promise<Map<string, Known>> {
  const rows = await database.run(
    (sql) => sql<({ board: string } & Known)[]>`
      SELECT board, greatest(ended, settled) AS ended, unsettled
      FROM unnest(${[...plans.keys()]}::text[]) AS wanted (board), LATERAL (
        SELECT max(season) AS ended FROM season_ends
        WHERE season_ends.board = wanted.board AND region = ${region} AND tag = ${tag}
      ) AS shard, LATERAL (
        SELECT max(season) FILTER (WHERE settled) AS settled, min(season) FILTER (WHERE NOT settled) AS unsettled
        FROM ended_seasons WHERE ended_seasons.board = wanted.board AND region = ${region}
      ) AS region
      WHERE ended IS NOT NULL OR settled IS NOT NULL`,
  );
  return new Map(rows.map(({ board, ...known }) => [board, known]));
}

/** The same plan without the seasons before one. */
function from(plan: KeptPlan, season: number): KeptPlan {
  const dropped = Math.max(0, Math.min(season - plan.first, plan.at.length - 2));
  return { ...plan, first: plan.first + dropped, at: plan.at.slice(dropped) };
}

/**
 * Adds to boards what a shard has to know of their seasons when its entries come back. It goes on
 * behind the last season of which PostgreSQL has the end: the event of an end stands behind every
 * write of the season, so that the rows of a later one are of the season that runs, and are counted
 * when that ends. Keys of seasons that have left Redis, which an older copy has, are removed.
 *
 * @throws what Redis or PostgreSQL throw
 */
export async function withSeasons(
  sides: Sides,
  boards: readonly BoardRevision[],
): Promise<(shard: Shard) => Promise<BoardRevision[]>> {
  const plans = await readPlans(
    sides,
    boards.map(({ id }) => id),
  );
  return async (shard) => {
    if (plans.size === 0) return [...boards];
    const known = await readKnown(sides.databases.of(shard.region), shard, plans);
    const told: BoardRevision[] = [];
    for (const board of boards) {
      const plan = plans.get(board.id);
      // A plan of an earlier board of the id tells nothing.
      if (plan === undefined || board.state !== "open" || plan.rev < board.born) {
        told.push(board);
        continue;
      }
      const { ended = -1, unsettled = null } = known.get(board.id) ?? {};
      const begins = Math.max(ended + 1, plan.first);
      const oldest = Math.max(Math.min(unsettled ?? begins, begins), plan.first);
      await removeBefore(sides.stores.of(shard.region), shard, { id: board.id, oldest });
      told.push({ ...board, plan: from(plan, oldest), begins });
    }
    return told;
  };
}

/** Removes the keys of seasons before the oldest one that may have some. */
async function removeBefore(redis: Redis, shard: Shard, { id, oldest }: { id: string; oldest: number }): Promise<void> {
  const kept = parseKeptBoard((await redis.hget(boardsKey(shard), id)) ?? "")?.seasons;
  for (let season = kept?.oldest ?? oldest; season < oldest; season++) {
    await redis.unlink(...entryKeys(shard, toRankingName(id, season)));
  }
}
