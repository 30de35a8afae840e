import type { OnEnd } from "shared/http/serve";
import type { Log } from "shared/log/log";

/**
 * Logs every act of an operator: the operator and the token's id, the action, the player, and the
 * status.
 */
export const logActs =
  (log: Log): OnEnd =>
  ({ incoming, route, reply: { status, facts } }) => {
    if (facts?.operator === undefined) return;
    const { method, param, requestId } = incoming;
    const who = { operator: facts.operator, token_id: facts.tokenId, action: actionOf(method, route), user_id: param };
    log.info({ ...who, status, request_id: requestId, ...facts.act }, "operator acted");
  };

/** `hide` of `POST /players/:userId/hide`. */
function actionOf(method: string, route: string): string {
  if (method === "DELETE") return "erase";
  return method === "POST" ? route.slice(route.lastIndexOf("/") + 1) : "export";
}
