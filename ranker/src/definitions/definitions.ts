import { LRUCache } from "lru-cache";
import { boardNotFound } from "shared/api/problems";
import { toBoard } from "shared/boards/to-board";
import { type Board, configuredBoard } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import type { Settings } from "shared/settings/settings";

/** The boards that there are, as this ranker knows them. */
export interface Definitions {
  /**
   * The board, at once where this ranker knows it. What it knows may be old: each shard tells by
   * the revision, and then `reload` does.
   *
   * @throws Problem `board_not_found`; `unavailable` where the board is not known and the home
   *   store is away
   */
  find(id: string): Board | Promise<Board>;
  /** Reads the board once more. @throws the same */
  reload(id: string): Promise<Board>;
  /** Takes what another part of this ranker has read or written. */
  learn(board: Board): void;
}

// About 1 KB each.
const KNOWN_MAX = 20_000;

/** @param configured boards that exist without a setting */
export function createDefinitions(settings: Pick<Settings, "read">, configured: readonly string[]): Definitions {
  const known = new LRUCache<string, Board>({ max: KNOWN_MAX });
  // A configured board is served before the home store was ever read: the others need not wait for
  // it.
  const first = new Map(configured.map((id) => [id, configuredBoard(id)]));

  async function reload(id: string): Promise<Board> {
    const board = toBoard(await settings.read("boards", id)) ?? first.get(id);
    if (board === undefined || board.state !== "open") {
      known.delete(id);
      throw boardNotFound(id);
    }
    known.set(id, board);
    return board;
  }

  return {
    find: (id) => known.get(id) ?? first.get(id) ?? reload(id),
    reload,
    learn: (board) => void known.set(board.id, board),
  };
}

/** The configured boards alone, for what runs without a store of settings. */
export const configuredDefinitions = ({ configuredBoards }: Pick<Topology, "configuredBoards">): Definitions =>
  createDefinitions({ read: async () => undefined }, configuredBoards);
