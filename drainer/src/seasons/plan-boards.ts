import { toBoard } from "shared/boards/to-board";
import type { Log } from "shared/log/log";
import type { Board } from "shared/model/board";
import type { Database } from "shared/postgres/database";
import { type Redis, readTime } from "shared/redis/redis";
import { toPlan, toPlanValue } from "shared/seasons/plan";
import { planSeasons } from "shared/seasons/plan-seasons";
import { createSettings, type Setting } from "shared/settings/settings";
import { DUE_PAGE, type Due, readDue, settlePlanned } from "./due-plans.ts";

export interface PlanBoardsOptions {
  home: Redis;
  /** The home database: it knows what is due. */
  database: Database;
  log: Log;
  /**
   * Of boards, by id: the number up to which all seasons are final. Boards that it leaves out have
   * no final season.
   */
  finalSeasons?: (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}

/** What a look found and did. */
export interface Planned {
  /** Plans written. */
  written: number;
  /** Since when (µs) the oldest plan is due that was found; undefined where none was. */
  oldest: number | undefined;
}

/**
 * Writes the plans that are due: of boards that were made or changed, and those that reach no
 * longer far enough. Each is compared and set, so that two planners are safe, and a plan is whole
 * or as it was. Called again and again: what one call leaves is for the next.
 *
 * @throws Problem `unavailable`, what the stores throw
 */
export type PlanBoards = () => Promise<Planned>;

/** Settings that one look works on. The next goes on behind them. */
const LOOK_MAX = 1_000;
/** Boards planned in one turn: each takes a millisecond, and queues are drained beside. */
const AT_ONCE = 10;

export function createPlanBoards({ home, database, log, finalSeasons }: PlanBoardsOptions): PlanBoards {
  // One event for each plan, and none while PostgreSQL is away.
  const settings = createSettings({ home, queueMax: Number.MAX_SAFE_INTEGER });
  let after: Due | undefined;
  /** Settings that no service of this release writes, with the version that was logged. */
  const unreadable = new Map<string, string>();

  function logOnce({ id, version }: Setting, error?: unknown): void {
    if (unreadable.get(id) !== version) log.warn({ board: id, err: error }, "a board's seasons cannot be planned");
    unreadable.set(id, version);
  }

  /** @returns undefined for a definition that cannot be read */
  function readBoard(setting: Setting): Board | undefined {
    try {
      return toBoard(setting);
    } catch (error) {
      logOnce(setting, error);
      return undefined;
    }
  }

  /** @returns whether a plan was written */
  async function plan(found: Setting | undefined, kept: Setting | undefined, now: number, finalUpTo = 0) {
    const board = found && readBoard(found);
    if (board === undefined) return false;
    const present = toPlan(kept?.value);
    // A first plan in its place would count the seasons from 1 again.
    if (kept !== undefined && kept.value !== null && present === undefined) {
      logOnce(kept);
      return false;
    }
    const next = planSeasons({ board, plan: present, now, finalUpTo });
    if (next === undefined) return false;
    const change = { value: toPlanValue(next), replaces: kept?.version };
    return (await settings.put("seasons", board.id, change)) !== undefined;
  }

  async function planPage(page: readonly Due[], now: number): Promise<number> {
    const ids = [...new Set(page.map(({ id }) => id))];
    const [boards, plans, finals] = await Promise.all([
      settings.readThese("boards", ids),
      settings.readThese("seasons", ids),
      finalSeasons?.(ids),
    ]);
    let written = 0;
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE);
      const done = await Promise.all(
        some.map((id, n) => plan(boards[from + n], plans[from + n], now, finals?.get(id))),
      );
      written += done.filter(Boolean).length;
    }
    return written;
  }

  return async () => {
    // A process whose clock is wrong must not move boundaries that others hold for settled.
    const now = await readTime(home);
    await settlePlanned(database, now);
    const planned: Planned = { written: 0, oldest: undefined };
    for (let looked = 0; looked < LOOK_MAX; looked += DUE_PAGE) {
      const page = await readDue(database, now, after);
      planned.written += await planPage(page, now);
      const [first] = page;
      if (first !== undefined) planned.oldest = Math.min(first.planAt, planned.oldest ?? first.planAt);
      after = page.length < DUE_PAGE ? undefined : page.at(-1);
      if (after === undefined) break;
    }
    return planned;
  };
}
