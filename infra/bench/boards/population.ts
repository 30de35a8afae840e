import { createPlayers, type Player, type Players, slice, toNumberedId } from "../stage/players.ts";

/** Boards of the same size, and who is on which. */
export interface Population {
  readonly boards: number;
  /** Entries of a board. */
  readonly perBoard: number;
  readonly players: Players;
  /** The players that write: every board has the same number of them. */
  readonly writers: Players;
  readonly writersPerBoard: number;
}

const WRITERS_MAX = 1_000;
const BOARD_DIGITS = 5;

export const toBoardId = (board: number) => `b${String(board).padStart(BOARD_DIGITS, "0")}`;

/** Many boards of `perBoard` entries, of players that each are on as many of them. */
export function createManyBoards(entries: number, perBoard: number, newestUs: number): Population {
  const players = createPlayers(Math.min(WRITERS_MAX, entries), newestUs, toNumberedId);
  return {
    boards: Math.floor(entries / perBoard),
    perBoard,
    players,
    writers: players,
    writersPerBoard: perBoard,
  };
}

/** One board with all entries; as many of its players write. */
export function createOneBoard(entries: number, newestUs: number): Population {
  const players = createPlayers(entries, newestUs, toNumberedId);
  const writers = slice(players, 0, Math.min(WRITERS_MAX, entries));
  return { boards: 1, perBoard: entries, players, writers, writersPerBoard: writers.count };
}

/**
 * The entries of a board: its players in even steps among all, the first one in the place of the
 * board's number, as `wrk.lua` finds them. Each has a score and an arrival of its own.
 *
 * @param all as many made-up players as there are entries on all boards
 */
export function* entriesOf({ perBoard, players }: Population, board: number, all: Players): Generator<Player> {
  const step = players.count / perBoard;
  for (let place = 0; place < perBoard; place++) {
    const { userId, name } = players.at((board + step * place) % players.count);
    const { score, reachedAtUs } = all.at(board * perBoard + place);
    yield { userId, name, score, reachedAtUs };
  }
}
