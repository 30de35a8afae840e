import { type Client, LeaderboardError } from "leaderboard-client";
import type { BoardView } from "shared/api/definitions";
import { changedFields } from "shared/boards/to-board";
import { boardSchema, toDefinition } from "shared/model/board";
import type { WantedBoard } from "./read-board-file.ts";

/** What became of a board that was asked for. */
export interface Outcome {
  id: string;
  state: "made" | "as_it_is" | "changed" | "would_change" | "immutable" | "changed_meanwhile" | "being_deleted";
  /** In which the board that is there differs, or differed. */
  fields: string[];
}

const REFUSED = new Map<string, Outcome["state"]>()
  .set("precondition_required", "would_change")
  .set("precondition_failed", "changed_meanwhile")
  .set("board_immutable", "immutable")
  .set("board_being_deleted", "being_deleted");

/** Whether the board is now as it was asked for. */
export const isAsAsked = ({ state }: Outcome): boolean => ["made", "as_it_is", "changed"].includes(state);

/**
 * Makes a board. One that is there with other fields is changed where `isChanging`, and named
 * otherwise.
 *
 * @throws LeaderboardError for what no other definition would mend
 */
export async function makeBoard(
  client: Client,
  { id, definition }: WantedBoard,
  { isChanging }: { isChanging: boolean },
): Promise<Outcome> {
  const present = await readBoard(client, id);
  const wanted = toDefinition(boardSchema.parse(definition));
  const fields: string[] = present === undefined ? [] : changedFields(present, wanted);
  try {
    const { rev } = await client.putBoard(id, definition, isChanging && present ? { ifMatch: present.rev } : {});
    if (present === undefined) return { id, state: "made", fields };
    return { id, state: rev === present.rev ? "as_it_is" : "changed", fields };
  } catch (error) {
    const state = error instanceof LeaderboardError ? REFUSED.get(error.code) : undefined;
    if (state === undefined) throw error;
    const named = (error as LeaderboardError).errors.map(({ field }) => field);
    return { id, state, fields: named.length > 0 ? named : fields };
  }
}

async function readBoard(client: Client, id: string): Promise<BoardView | undefined> {
  return client.readBoard(id).catch((error: unknown) => {
    if (error instanceof LeaderboardError && error.code === "board_not_found") return undefined;
    throw error;
  });
}

/** An outcome in words. */
export function inWords({ state, fields }: Outcome): string {
  const names = fields.join(", ");
  switch (state) {
    case "made":
      return "made";
    case "as_it_is":
      return "as it is";
    case "changed":
      return `changed: ${names}`;
    case "would_change":
      return `would change: ${names} (--change changes it)`;
    case "immutable":
      return `cannot change: ${names} (make another board)`;
    case "changed_meanwhile":
      return "was changed by another operator meanwhile: run it again";
    case "being_deleted":
      return "is being deleted: run it again later";
  }
}
