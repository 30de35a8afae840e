import type { BoardsView } from "shared/api/definitions";
import { type Reader, seenBy } from "shared/auth/reader";
import { toIsoTime } from "shared/base/times";
import { presentBoard, toBoard } from "shared/boards/to-board";
import type { Board } from "shared/model/board";
import { endOf } from "shared/model/season";
import { nextInstants, runningSeason, type SeasonPlan, toIsoSeason } from "shared/seasons/plan";
import { PAGE_MAX, type Setting, type Settings } from "shared/settings/settings";
import type { SeasonPlans } from "./season-plans.ts";

/**
 * Boards in the order of their ids, the first behind `cursor`, that the reader may read. A page may
 * have fewer than `limit` of them before the last one.
 *
 * @throws Problem `unavailable`, `invalid_token`
 */
export type ListBoards = (page: { cursor?: string | undefined; limit: number }, reader: Reader) => Promise<BoardsView>;

/** Boards that are looked at for one page of a caller who may read few of them. */
const LOOKED_AT_MAX = 10_000;

export interface ListBoardsOptions {
  settings: Settings;
  /** Boards that exist without a setting. */
  configured: readonly string[];
  plans: Pick<SeasonPlans, "read">;
}

export function createListBoards({ settings, configured, plans }: ListBoardsOptions): ListBoards {
  return async ({ cursor = "", limit }, reader) => {
    const behind = configured.filter((id) => id > cursor).toSorted();
    const known = await Promise.all(
      behind.map(async (id) => presentBoard(await settings.read("boards", id), id, true)),
    );
    const page: Board[] = [];
    let after = cursor;
    let isLast = false;
    // A page may hold boards that are being deleted, which are shown to no caller, or are not for
    // the reader: then much is read to show little.
    for (let size = limit + 1, lookedAt = 0; !isLast && page.length <= limit && lookedAt < LOOKED_AT_MAX; ) {
      const found = await settings.readPage("boards", { after, limit: size });
      isLast = found.length < size;
      after = found.at(-1)?.id ?? after;
      lookedAt += found.length;
      size = PAGE_MAX;
      page.push(...(await seenBy(reader, found.flatMap(toOpenBoard))));
    }
    const ids = new Set(page.map(({ id }) => id));
    const rest = known.filter((board) => board !== undefined);
    const others = await seenBy(
      reader,
      rest.filter(({ id, state }) => state === "open" && !ids.has(id)),
    );
    // Those behind the last board that was looked at belong to the next page.
    const all = page.concat(others.filter(({ id }) => isLast || id <= after));
    all.sort((a, b) => (a.id < b.id ? -1 : 1));
    const shown = all.slice(0, limit);
    const next = all.length > limit ? shown.at(-1)?.id : isLast ? undefined : after;
    const planned = await plans.read(shown);
    return { boards: shown.map((board) => toView(board, planned.get(board.id))), next: next ?? null };
  };
}

function toOpenBoard(setting: Setting): Board[] {
  const board = toBoard(setting);
  return board?.state === "open" ? [board] : [];
}

/** A board as routes answer it. @param plan undefined where there is none (yet) */
export function toView(
  { born: _, has_seasons: __, ...board }: Board,
  plan: SeasonPlan | undefined,
  nowMs = Date.now(),
): BoardsView["boards"][number] {
  const now = nowMs * 1000;
  const isEnded = (endOf(board) ?? Number.POSITIVE_INFINITY) <= now;
  const running = plan && runningSeason(plan, now);
  return {
    ...board,
    state: isEnded ? "ended" : "open",
    running: running ? { season: running.season, ...toIsoSeason(running) } : null,
    next: plan === undefined ? [] : nextInstants(plan, now).map(toIsoTime),
  };
}
