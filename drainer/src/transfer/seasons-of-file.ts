import type { Board } from "shared/model/board";
import type { Database } from "shared/postgres/database";
import { readTime } from "shared/redis/redis";
import { type KeptPlan, runningSeason, toKeptPlan } from "shared/seasons/plan";
import { createSettings } from "shared/settings/settings";
import type { Stores } from "shared/stores/stores";
import type { FileSeason } from "./file-board.ts";

/** The plan of a board; undefined where the planner has not come to it. */
export async function readPlan({ home }: Pick<Stores, "home">, board: Board): Promise<KeptPlan | undefined> {
  const plan = toKeptPlan(await createSettings({ home, queueMax: 0 }).read("seasons", board.id));
  return plan === undefined || plan.rev < board.born ? undefined : plan;
}

/** How a season is named: by its number, or by where it is. */
export type SeasonChoice = "current" | "previous" | number;

/** There is no such season of the board, or not any more. */
export class NoSeason extends Error {}

/**
 * Finds a season of a board by its plan, and whether it has left the tables of the present.
 *
 * @throws NoSeason, in words for a person
 */
export async function findSeason(
  { stores, home }: { stores: Pick<Stores, "home">; home: Database },
  board: Board,
  choice: SeasonChoice,
): Promise<FileSeason> {
  const plan = await readPlan(stores, board);
  const running = plan && runningSeason(plan, await readTime(stores.home));
  if (running === undefined) throw new NoSeason(`no season of ${board.id} runs`);
  const season = choice === "current" ? running.season : choice === "previous" ? running.season - 1 : choice;
  const state = await readState(home, board.id, season);
  if (state === "purged" || state === "purging") throw new NoSeason(`season ${season} of ${board.id} was purged`);
  if (season > running.season || season < 0 || (state === undefined && season < (plan?.first ?? 0))) {
    throw new NoSeason(`${board.id} has no season ${season}`);
  }
  return { ...running, season, isArchived: state === "final" };
}

/** What has become of a season; undefined for one that no region has ended. */
export async function readState(home: Database, board: string, season: number): Promise<string | undefined> {
  const [row] = await home.run(
    (sql) => sql<{ state: string }[]>`
      SELECT state FROM seasons WHERE board = ${board} AND season = ${season}::text::integer`,
  );
  return row?.state;
}
