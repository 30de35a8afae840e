import { Problem } from "../api/problems.ts";
import type { Board } from "../model/board.ts";
import { readBearer } from "./identify.ts";
import { requireAccess, requireBoard } from "./require-access.ts";
import { isOperator, type Tokens } from "./tokens.ts";

/** What decides who may read a board. */
type Readable = Pick<Board, "id" | "readers">;

/** A caller who wants to read boards. The token is looked at only where a board needs one. */
export interface Reader {
  /**
   * Lets the caller read the board. A board that anyone reads admits every caller.
   *
   * @throws Problem `missing_token`, `invalid_token`, `forbidden`, `board_not_allowed`,
   *   `unavailable`
   */
  admit(board: Readable): Promise<void>;
}

const READ = { role: "reader", boards: "named" } as const;

/** @param authorization reads the header of the request */
export const createReader = (
  tokens: Pick<Tokens, "verifyAny">,
  authorization: () => string | null | undefined,
): Reader => ({
  async admit({ id, readers }) {
    if (readers === "anyone") return;
    const needed = `Only operators read the board ${id}: send the header Authorization: Bearer <token>.`;
    const caller = await tokens.verifyAny(readBearer(authorization(), needed));
    if (!isOperator(caller)) throw new Problem("forbidden", `Only operators read the board ${id}.`);
    requireAccess(caller, READ);
    requireBoard(caller, id);
  },
});

/** A caller without a token. */
export const ANYONE: Reader = createReader({ verifyAny: () => Promise.reject(new Error("no token")) }, () => null);

/** The service itself, which has asked before whom it reads for. */
export const SERVICE: Reader = { admit: () => Promise.resolve() };

const NOT_FOR_CALLER: readonly string[] = ["missing_token", "forbidden", "board_not_allowed"];

/**
 * The boards that a list shows the caller.
 *
 * @throws Problem `invalid_token`, `unavailable`: the caller has sent a token to see more, and
 *   should not take the rest for all
 */
export async function seenBy<B extends Readable>(reader: Reader, boards: readonly B[]): Promise<B[]> {
  if (boards.every(({ readers }) => readers === "anyone")) return [...boards];
  const seen = await Promise.all(boards.map((board) => sees(reader, board)));
  return boards.filter((_, index) => seen[index]);
}

async function sees(reader: Reader, board: Readable): Promise<boolean> {
  try {
    await reader.admit(board);
    return true;
  } catch (error) {
    if (error instanceof Problem && NOT_FOR_CALLER.includes(error.code)) return false;
    throw error;
  }
}
