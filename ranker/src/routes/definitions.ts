import type { RankerOperations } from "shared/api/operations";
import { invalidHeader } from "shared/api/problems";
import type { Incoming } from "shared/http/incoming";
import { jsonReply, type Reply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import { toDefinition } from "shared/model/board";
import type { ChangeBoards, Changed } from "../definitions/change-boards.ts";
import type { Definitions } from "../definitions/definitions.ts";
import type { DeleteBoard } from "../definitions/delete-board.ts";
import { type ListBoards, toView } from "../definitions/list-boards.ts";
import type { SeasonPlans } from "../definitions/season-plans.ts";
import type { ToRoute } from "./to-route.ts";

export interface DefinitionRouteDeps {
  definitions: Definitions;
  listBoards: ListBoards;
  changeBoards: ChangeBoards;
  deleteBoard: DeleteBoard;
  plans: Pick<SeasonPlans, "read">;
}

/** `/boards…`: what boards there are, and what they are. */
export function definitionRoutes(
  operations: RankerOperations,
  toRoute: ToRoute,
  { definitions, listBoards, changeBoards, deleteBoard, plans }: DefinitionRouteDeps,
): Record<"listBoards" | "readBoard" | "putBoard" | "changeBoard" | "deleteBoard", Route> {
  return {
    listBoards: toRoute(operations.listBoards, async ({ query, caller }) => jsonReply(await listBoards(query, caller))),
    // From the home store: another ranker may have changed it just now.
    readBoard: toRoute(operations.readBoard, async ({ params, caller }) => {
      const board = await definitions.reload(params.board);
      await caller.admit(board);
      const planned = await plans.read([board]);
      return show({ board, plan: planned.get(board.id) });
    }),
    putBoard: toRoute(operations.putBoard, async ({ params, body, incoming }) => {
      const changed = await changeBoards.put(params.board, toDefinition(body), readRevision(incoming));
      return show(changed, changed.isNew ? 201 : 200);
    }),
    changeBoard: toRoute(operations.changeBoard, async ({ params, body, incoming }) =>
      show(await changeBoards.change(params.board, body, readRevision(incoming))),
    ),
    deleteBoard: toRoute(operations.deleteBoard, async ({ params: { board }, incoming }) => {
      await deleteBoard(board, readRevision(incoming));
      return { ...jsonReply({ board, state: "deleting" }), status: 202 };
    }),
  };
}

const show = ({ board, plan }: Omit<Changed, "isNew">, status = 200): Reply => ({
  ...jsonReply(toView(board, plan), status),
  headers: { etag: `"${board.rev}"` },
});

/** The revision of `If-Match`. @throws Problem `invalid_request` */
function readRevision({ headers }: Incoming): number | undefined {
  const text = headers.get("if-match");
  if (text === null) return undefined;
  const [, digits] = /^(?:W\/)?"?(\d{1,16})"?$/.exec(text.trim()) ?? [];
  if (digits !== undefined) return Number(digits);
  throw invalidHeader("If-Match", 'must be the rev of the board, as in "7"');
}
