import { Problem } from "shared/api/problems";
import type { Board } from "shared/model/board";
import { StaleBoard } from "../boards/shard-entry.ts";
import type { Definitions } from "./definitions.ts";

/**
 * Reads or writes by the definition of a board. Where a shard knows another revision, the
 * definition is read again, and the work is done again by it; a shard that is behind is told.
 *
 * @throws Problem `board_not_found`, `unavailable`, `stale_definition`; what `work` throws
 */
export type ReadAs = <T>(id: string, work: (board: Board) => Promise<T>) => Promise<T>;

// An operator would have to change the board once more in each of these moments.
export const AGAIN_MAX = 2;

export function createReadAs({ find, reload, catchUp }: Definitions): ReadAs {
  return async (id, work) => {
    let board = await find(id);
    for (let again = 0; ; again++) {
      try {
        return await work(board);
      } catch (error) {
        if (!(error instanceof StaleBoard)) throw error;
        if (again === AGAIN_MAX) throw staleDefinition(id);
        const present = await reload(id);
        if (present.rev === board.rev) await catchUp(present);
        board = present;
      }
    }
  };
}

export const staleDefinition = (id: string) =>
  new Problem("stale_definition", `Board ${id} was changed again and again meanwhile. Nothing was changed; try again.`);
