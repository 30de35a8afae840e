import type { ItemProblem } from "shared/api/fields";
import type { Problem } from "shared/api/problems";

/** The refusal of one of several things that a call asks for, with the members of the problem. */
export function toItemProblem(problem: Problem): ItemProblem {
  const { status, code, message: detail, errors, members } = problem;
  const item: ItemProblem = { status, code, detail, ...members };
  const retryAfter = retryAfterOf(problem);
  if (errors !== undefined) item.errors = errors;
  if (retryAfter !== undefined) item.retry_after = retryAfter;
  return item;
}

/** Seconds; undefined for what is not to be sent again. */
export function retryAfterOf({ headers }: Problem): number | undefined {
  const seconds = headers["retry-after"];
  return seconds === undefined ? undefined : Number(seconds);
}
