import { readFile } from "node:fs/promises";
import type { GivenBoard } from "shared/api/definitions";
import { toInvalidRequest } from "shared/api/problems";
import { boardIdSchema, boardSchema } from "shared/model/board";
import { BOARD_ID_MESSAGE } from "shared/model/board-id";
import { ConfigError } from "shared/service/environment";

/** A board as somebody wants it; fields that are left out have their defaults. */
export interface WantedBoard {
  id: string;
  definition: GivenBoard;
}

/**
 * Reads a list of `{ id, … }`, the fields of each board as `PUT /boards/:board` takes them.
 *
 * @throws ConfigError with all faults, each with its board and field
 */
export async function readBoardFile(path: string): Promise<WantedBoard[]> {
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new ConfigError([`--file cannot be read: ${error.message}`]);
  });
  const { boards, faults } = parseBoards(text);
  if (faults.length > 0) throw new ConfigError(faults.map((fault) => `${path}: ${fault}`));
  return boards;
}

/** The boards of a file's text, and what is wrong with it. */
export function parseBoards(text: string): { boards: WantedBoard[]; faults: string[] } {
  let list: unknown;
  try {
    list = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return { boards: [], faults: [`is not JSON: ${(error as Error).message}`] };
  }
  if (!Array.isArray(list)) return { boards: [], faults: ['must be a list of boards: [{"id": "weekly"}]'] };

  const boards: WantedBoard[] = [];
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [index, item] of (list as unknown[]).entries()) {
    const { id, ...definition } = (typeof item === "object" && item !== null ? item : {}) as Record<string, unknown>;
    const parsedId = boardIdSchema.safeParse(id);
    if (!parsedId.success) {
      faults.push(`board ${index + 1} of the list: id ${BOARD_ID_MESSAGE}`);
      continue;
    }
    if (seen.has(parsedId.data)) faults.push(`board ${parsedId.data} stands there twice`);
    seen.add(parsedId.data);
    const { error } = boardSchema.safeParse(definition);
    const errors = error === undefined ? [] : (toInvalidRequest(error, "board").errors ?? []);
    faults.push(...errors.map(({ field, message }) => `board ${parsedId.data}: ${field} ${message}`));
    boards.push({ id: parsedId.data, definition });
  }
  return { boards, faults };
}
