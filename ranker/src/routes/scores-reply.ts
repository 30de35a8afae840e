import type { Problem } from "shared/api/problems";
import type { GivenItem, ItemAnswer, WrittenScores } from "shared/api/scores";
import type { Incoming } from "shared/http/incoming";
import { logProblem } from "shared/http/problem-reply";
import { jsonReply, type Reply } from "shared/http/reply";
import type { Log } from "shared/log/log";
import type { ItemOutcome } from "../writes/write-scores.ts";
import { retryAfterOf, toItemProblem } from "./item-problem.ts";

/** The answer to a bulk: of each item what a single write would have answered, with its status. */
export function toScoresReply(items: readonly GivenItem[], outcomes: readonly ItemOutcome[]): Reply {
  const answer: WrittenScores = { items: outcomes.map(toItemAnswer) };
  const waits = outcomes.flatMap((outcome) => ("problem" in outcome ? (retryAfterOf(outcome.problem) ?? []) : []));
  const reply = jsonReply(answer);
  if (waits.length > 0) reply.headers = { ...reply.headers, "retry-after": String(Math.max(...waits)) };
  return { ...reply, facts: { act: toAct(items, outcomes) } };
}

function toItemAnswer(outcome: ItemOutcome): ItemAnswer {
  if ("submitted" in outcome) {
    const { status, submitted } = outcome;
    const answer: ItemAnswer = { status, ...submitted.entry };
    return submitted.isReplay ? { ...answer, replayed: true } : answer;
  }
  const answer: ItemAnswer = toItemProblem(outcome.problem);
  const isReplay = outcome.problem.headers["idempotent-replayed"] !== undefined;
  return isReplay ? { ...answer, replayed: true } : answer;
}

/** What the log says of a bulk: not its body, which may have megabytes. */
function toAct(items: readonly GivenItem[], outcomes: readonly ItemOutcome[]): object {
  const refused: Partial<Record<Problem["code"], number>> = {};
  for (const outcome of outcomes) {
    if ("problem" in outcome) refused[outcome.problem.code] = (refused[outcome.problem.code] ?? 0) + 1;
  }
  const valid = items.flatMap((item) => (item.success ? item.data : []));
  return {
    items: items.length,
    refused,
    boards: [...new Set(valid.map(({ board }) => board))],
    user_ids: [...new Set(valid.map(({ user_id }) => user_id))],
  };
}

/** Logs the causes of refusals, one of each code. */
export function logItems(log: Log, outcomes: readonly ItemOutcome[], incoming: Incoming): void {
  const logged = new Set<Problem["code"]>();
  for (const outcome of outcomes) {
    if (!("problem" in outcome) || outcome.problem.cause === undefined || logged.has(outcome.problem.code)) continue;
    logged.add(outcome.problem.code);
    logProblem(log, outcome.problem, incoming);
  }
}
