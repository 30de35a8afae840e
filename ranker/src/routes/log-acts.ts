import type { OnEnd } from "shared/http/serve";
import type { Log } from "shared/log/log";

/**
 * Logs every act of an operator: the operator and the token's id, the action, the player or the
 * board, and the status.
 */
export const logActs =
  (log: Log): OnEnd =>
  ({ incoming, route, reply: { status, facts } }) => {
    if (facts?.operator === undefined) return;
    const { method, params, requestId } = incoming;
    const [param = "", board] = params;
    const about = isOfBoards(route) ? { board: param } : { user_id: param, board };
    const who = { operator: facts.operator, token_id: facts.tokenId, action: actionOf(method, route), ...about };
    log.info({ ...who, status, request_id: requestId, ...facts.act }, "operator acted");
  };

const isOfBoards = (route: string) => route.startsWith("/boards/:board");

/**
 * `hide` of `POST /players/:userId/hide`, `delete_board` of `DELETE /boards/:board`, `end_season`
 * of `POST /boards/:board/seasons/current/end`, `patch_entry` of `PATCH
 * /players/:userId/entries/:board`.
 */
function actionOf(method: string, route: string): string {
  if (route.endsWith("/seasons/current/end")) return "end_season";
  if (route.endsWith("/entries/:board")) return `${method.toLowerCase()}_entry`;
  if (isOfBoards(route)) return `${method.toLowerCase()}_board`;
  if (method === "DELETE") return "erase";
  return method === "POST" ? route.slice(route.lastIndexOf("/") + 1) : "export";
}
