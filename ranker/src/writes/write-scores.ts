import { invalidBody, Problem, toFieldErrors, toProblem } from "shared/api/problems";
import type { GivenItem } from "shared/api/scores";
import { requireBoard } from "shared/auth/require-access";
import type { Operator } from "shared/auth/tokens";
import type { WriteForPlayer } from "../players/write-for-player.ts";
import type { Submitted } from "./submit.ts";

/** What became of one item. */
export type ItemOutcome = { status: 200 | 201; submitted: Submitted } | { problem: Problem };

/**
 * Writes many scores, each as if it had come alone: those of one player one after another in their
 * order, those of different players beside each other, so that they share calls. Never throws.
 *
 * @param items as the body's schema gives them, valid or not
 * @param callKey the `Idempotency-Key` of the call, for items without one of their own
 * @returns in the order of the items
 */
export type WriteScores = (
  operator: Operator,
  items: readonly GivenItem[],
  callKey: string | undefined,
) => Promise<ItemOutcome[]>;

type Item = (GivenItem & { success: true })["data"];

/** Every write of the shard has this problem, not that of one board alone. */
const OF_SHARD = new Set<Problem["code"]>(["queue_full", "unavailable", "outcome_unknown"]);

export function createWriteScores({ writeForPlayer }: { writeForPlayer: WriteForPlayer }): WriteScores {
  async function writeOne(operator: Operator, item: Item, idempotencyKey: string | undefined): Promise<ItemOutcome> {
    const { user_id: userId, region, name, board, sub, metadata, season, ties, score = 0 } = item;
    const { operation = "submit" as const, value = score } = item;
    requireBoard(operator, board);
    const valueField = item.operation === undefined ? "score" : "value";
    const submission = { operation, board, value, valueField, sub, metadata, season, ties, idempotencyKey };
    const submitted = await writeForPlayer(operator, { userId, region, name }, submission);
    return { status: operation === "create" ? 201 : 200, submitted };
  }

  return async (operator, items, callKey) => {
    const outcomes: ItemOutcome[] = [];

    /** Writes items of one player. @param lane their places in the list */
    async function writeInOrder(lane: readonly number[]): Promise<void> {
      const failed: { board: string; problem: Problem }[] = [];
      for (const index of lane) {
        const item = items[index];
        if (item?.success !== true) continue;
        const { board } = item.data;
        const before = failed.find((each) => each.board === board || OF_SHARD.has(each.problem.code));
        try {
          if (before !== undefined) throw notReached(before.problem);
          const key = item.data.idempotency_key ?? toItemKey(callKey, index);
          outcomes[index] = await writeOne(operator, item.data, key);
        } catch (error) {
          const problem = toProblem(error);
          if (problem.status === 429 || problem.status === 503) failed.push({ board, problem });
          outcomes[index] = { problem: atItem(problem, index) };
        }
      }
    }

    const lanes = new Map<string, number[]>();
    for (const [index, item] of items.entries()) {
      if (!item.success) {
        outcomes[index] = { problem: notValid(item, index) };
        continue;
      }
      const { user_id } = item.data;
      const lane = lanes.get(user_id);
      if (lane === undefined) lanes.set(user_id, [index]);
      else lane.push(index);
    }
    await Promise.all(Array.from(lanes.values(), writeInOrder));
    return outcomes;
  };
}

/** A tab is in no key of a client: no call with a key of its own meets the answer. */
const toItemKey = (callKey: string | undefined, index: number) =>
  callKey === undefined ? undefined : `${callKey}\t${index}`;

/**
 * The refusal of an item behind one that may be sent again. If it were written, a repeat of the
 * call would write the two in the other order.
 */
function notReached({ code, headers }: Problem): Problem {
  const detail = "An earlier item of the player was not written. Nothing was changed by this one; send both again.";
  return new Problem(code === "outcome_unknown" ? "unavailable" : code, detail, { headers: { ...headers } });
}

const notValid = ({ error }: GivenItem & { success: false }, index: number): Problem =>
  atItem(invalidBody(toFieldErrors(error, "")), index);

/** The problem of an item as one of the whole body, whose fields it names. */
function atItem(problem: Problem, index: number): Problem {
  const { code, errors, cause, headers, members } = problem;
  if (errors === undefined) return problem;
  const named = errors.map(({ field, message }) => ({
    field: ["items", index, field].filter((part) => part !== "").join("."),
    message,
  }));
  if (code === "invalid_request") return invalidBody(named);
  return new Problem(code, problem.message, { errors: named, cause, headers: { ...headers }, members });
}
