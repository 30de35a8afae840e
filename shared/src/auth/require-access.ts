import type { OperatorAccess } from "../api/operation.ts";
import { Problem } from "../api/problems.ts";
import type { Facts } from "../http/facts.ts";
import { hasRole } from "../model/roles.ts";
import type { Operator } from "./tokens.ts";

/** What the logs say of an operator. */
export const factsOf = ({ name, tokenId }: Operator): Facts => ({ operator: name, tokenId });

/**
 * Refuses an operator whose role is too low, and one for named boards where a route acts on all of
 * them. A route on a `named` board calls {@link requireBoard} as well, once it has read the board.
 *
 * @throws Problem `role_required`, `board_not_allowed`
 */
export function requireAccess(operator: Operator, { role, boards }: OperatorAccess): void {
  const facts = factsOf(operator);
  if (!hasRole(operator.role, role)) {
    const needed = `This route needs the role ${role}; the token has the role ${operator.role}.`;
    throw new Problem("role_required", needed, { facts });
  }
  if (boards === "all" && operator.boards !== undefined) {
    const text = `This route acts on all boards; the token is only for ${operator.boards.join(", ")}.`;
    throw new Problem("board_not_allowed", text, { facts });
  }
}

/** @throws Problem `board_not_allowed` for a board that the operator's token is not for */
export function requireBoard(operator: Operator, board: string): void {
  const { boards } = operator;
  if (boards === undefined || boards.includes(board)) return;
  const text = `The token is not for the board ${board}, only for ${boards.join(", ")}.`;
  throw new Problem("board_not_allowed", text, { facts: factsOf(operator) });
}
