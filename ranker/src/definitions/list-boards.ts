import type { BoardsView } from "shared/api/definitions";
import { presentBoard, toBoard } from "shared/boards/to-board";
import { type Board, endOf } from "shared/model/board";
import type { Settings } from "shared/settings/settings";

/** Boards in the order of their ids, the first behind `cursor`. @throws Problem `unavailable` */
export type ListBoards = (page: { cursor?: string | undefined; limit: number }) => Promise<BoardsView>;

/** @param configured boards that exist without a setting */
export function createListBoards(settings: Settings, configured: readonly string[]): ListBoards {
  return async ({ cursor = "", limit }) => {
    const behind = configured.filter((id) => id > cursor).toSorted();
    const known = await Promise.all(
      behind.map(async (id) => presentBoard(await settings.read("boards", id), id, true)),
    );
    const page: Board[] = [];
    let after = cursor;
    // A page may hold boards that are being deleted, which nobody is shown.
    for (let isLast = false; !isLast && page.length <= limit; ) {
      const found = await settings.readPage("boards", { after, limit: limit + 1 });
      isLast = found.length <= limit;
      after = found.at(-1)?.id ?? after;
      page.push(
        ...found.flatMap((setting) => {
          const board = toBoard(setting);
          return board?.state === "open" ? [board] : [];
        }),
      );
    }
    const ids = new Set(page.map(({ id }) => id));
    const others = known.filter((board) => board?.state === "open" && !ids.has(board.id));
    const all = page.concat(others.filter((board) => board !== undefined));
    all.sort((a, b) => (a.id < b.id ? -1 : 1));
    const shown = all.slice(0, limit);
    return {
      boards: shown.map((board) => toView(board)),
      next: all.length > limit ? (shown.at(-1)?.id ?? null) : null,
    };
  };
}

/** A board as routes answer it. */
export function toView({ born: _, ...board }: Board, nowMs = Date.now()): BoardsView["boards"][number] {
  const isEnded = (endOf(board) ?? Number.POSITIVE_INFINITY) <= nowMs * 1000;
  return { ...board, state: isEnded ? "ended" : "open" };
}
