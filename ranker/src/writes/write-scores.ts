import { invalidBody, Problem, toFieldErrors, toProblem } from "shared/api/problems";
import type { GivenItem } from "shared/api/scores";
import { requireBoard } from "shared/auth/require-access";
import type { Operator } from "shared/auth/tokens";
import type { WriteRun } from "../players/write-for-player.ts";
import { WRITES_MAX } from "./send-writes.ts";
import { toSubmission } from "./submission.ts";
import type { Submitted } from "./submit.ts";

/** What became of one item. */
export type ItemOutcome = { status: 200 | 201; submitted: Submitted } | { problem: Problem };

/**
 * Writes many scores, each as if it had come alone: those of one player in their order, on one
 * board in one call, and those of different players beside each other, so that they share calls.
 * Never throws.
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

export function createWriteScores({ writeRun }: { writeRun: WriteRun }): WriteScores {
  return async (operator, items, callKey) => {
    const outcomes: ItemOutcome[] = [];

    async function tryRun(run: Run): Promise<PromiseSettledResult<Submitted>[]> {
      const { user_id: userId, region, name, board } = run.first;
      const submissions = run.items.map(({ item, index }) => ({
        ...toSubmission(item),
        idempotencyKey: item.idempotency_key ?? toItemKey(callKey, index),
      }));
      try {
        requireBoard(operator, board);
        return await writeRun(operator, { userId, region, name }, submissions);
      } catch (error) {
        const problem = toProblem(error);
        const behind = mayBeSentAgain(problem) ? notReached(problem) : problem;
        return run.items.map((_, place) => rejected(place === 0 ? problem : behind));
      }
    }

    /** Writes items of one player. @param lane their places in the list */
    async function writeInOrder(lane: readonly number[]): Promise<void> {
      const failed: { board: string; problem: Problem }[] = [];
      for (const run of toRuns(items, lane)) {
        const { board } = run.first;
        const before = failed.find((each) => each.board === board || OF_SHARD.has(each.problem.code));
        const written = before ? run.items.map(() => rejected(notReached(before.problem))) : await tryRun(run);
        for (const [place, { item, index }] of run.items.entries()) {
          const each = written[place];
          if (each?.status === "fulfilled") {
            outcomes[index] = { status: item.operation === "create" ? 201 : 200, submitted: each.value };
            continue;
          }
          const problem = toProblem(each?.reason);
          if (mayBeSentAgain(problem)) failed.push({ board, problem });
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

/**
 * Items of one player that are written in one call: on one board, and equal in what they say of the
 * player.
 */
interface Run {
  first: Item;
  items: { item: Item; index: number }[];
}

/** Neighbours in a lane make a run, as far as one call takes them. */
function* toRuns(items: readonly GivenItem[], lane: readonly number[]): Generator<Run> {
  let run: Run | undefined;
  for (const index of lane) {
    const given = items[index];
    if (given?.success !== true) continue;
    const item = given.data;
    if (run !== undefined && isOfRun(run, item)) {
      run.items.push({ item, index });
      continue;
    }
    if (run !== undefined) yield run;
    run = { first: item, items: [{ item, index }] };
  }
  if (run !== undefined) yield run;
}

const isOfRun = ({ first, items }: Run, { board, region, name }: Item) =>
  items.length < WRITES_MAX && board === first.board && region === first.region && name === first.name;

const rejected = (reason: Problem): PromiseRejectedResult => ({ status: "rejected", reason });

const mayBeSentAgain = ({ status }: Problem) => status === 429 || status === 503;

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
