import { expect, test } from "bun:test";
import { askTogether } from "./ask-together.ts";

/** Asks questions that all share calls. */
function asker<Q, A>(questionsMax: number, answer: (questions: readonly Q[]) => Promise<readonly A[]>) {
  const ask = askTogether<string, Q, A>(questionsMax, (_, questions) => answer(questions));
  return (question: Q) => ask("", question);
}

test("questions of one turn leave at its end, in calls of bounded length, and each gets its own answer", async () => {
  const calls: number[][] = [];
  const ask = asker(3, async (questions: readonly number[]) => {
    calls.push([...questions]);
    return questions.map((question) => -question);
  });
  const answers = Promise.all([1, 2, 3, 4, 5, 6, 7].map(ask));
  expect(calls).toEqual([]);
  expect(await answers).toEqual([-1, -2, -3, -4, -5, -6, -7]);
  expect(calls).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect(await ask(8)).toBe(-8);
  expect(calls.at(-1)).toEqual([8]);
});

test("questions with different keys leave in different calls", async () => {
  const calls: [string, readonly number[]][] = [];
  const ask = askTogether<string, number, number>(10, async (key, questions) => {
    calls.push([key, questions]);
    return questions;
  });
  expect(await Promise.all([ask("a", 1), ask("b", 2), ask("a", 3)])).toEqual([1, 2, 3]);
  expect(calls).toEqual([
    ["a", [1, 3]],
    ["b", [2]],
  ]);
});

test("a failed call fails its own questions and no others", async () => {
  const ask = asker(2, async (questions: readonly string[]) => {
    if (questions.includes("bad")) throw new Error("refused");
    return questions;
  });
  const asked = await Promise.allSettled(["a", "bad", "b", "c"].map(ask));
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled"]);
  expect(await ask("later")).toBe("later");
});

test("a call with too few answers fails all of its questions", async () => {
  const ask = asker(2, async (questions: readonly string[]) => questions.slice(1));
  const asked = await Promise.allSettled(["a", "b"].map(ask));
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
