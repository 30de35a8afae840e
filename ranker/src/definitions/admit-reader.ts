import type { Reader } from "shared/auth/reader";
import type { Board } from "shared/model/board";
import type { Definitions } from "./definitions.ts";

/**
 * Lets a caller read a board, by the definition that this ranker knows. It may be old: a read of
 * the shards shows that, but a refusal reads none, and so asks the home store first.
 *
 * @returns the definition to read by
 * @throws Problem as `Reader.admit` and `Definitions.reload` do
 */
export async function admitReader(
  { reload }: Pick<Definitions, "reload">,
  board: Board,
  reader: Reader,
): Promise<Board> {
  try {
    await reader.admit(board);
    return board;
  } catch (error) {
    const present = await reload(board.id);
    if (present.rev === board.rev) throw error;
    await reader.admit(present);
    return present;
  }
}
