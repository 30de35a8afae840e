import { LRUCache } from "lru-cache";
import { boardNotFound } from "shared/api/problems";
import { presentBoard } from "shared/boards/to-board";
import { type Board, configuredBoard } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import type { Settings } from "shared/settings/settings";
import type { TellShards } from "./tell-shards.ts";

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
  /** Forgets what was learned of a board that is gone. */
  forget(id: string): void;
  /**
   * Tells the shards that answer the present revision, where one has an older one: a ranker has
   * died between a change and its shards. Never throws.
   */
  catchUp(board: Board): Promise<void>;
}

// About 1 KB each.
const KNOWN_MAX = 20_000;

/** @param configured boards that exist without a setting */
export function createDefinitions(
  settings: Pick<Settings, "read">,
  configured: readonly string[],
  tellShards: TellShards = async () => {},
): Definitions {
  const known = new LRUCache<string, Board>({ max: KNOWN_MAX });
  // A configured board is served before the home store was ever read: the others need not wait for
  // it.
  const first = new Map(configured.map((id) => [id, configuredBoard(id)]));

  async function reload(id: string): Promise<Board> {
    const board = presentBoard(await settings.read("boards", id), id, first.has(id));
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
    forget: (id) => void known.delete(id),
    catchUp: (board) => tellShards(board).catch(() => {}),
  };
}

/** The configured boards alone, for what runs without a store of settings. */
export const configuredDefinitions = ({ configuredBoards }: Pick<Topology, "configuredBoards">): Definitions =>
  createDefinitions({ read: async () => undefined }, configuredBoards);
