import { expect, test } from "bun:test";
import { type AskTogetherOptions, askTogether } from "./ask-together.ts";

/** Asks questions that all share calls. */
const asker = <Q, A>(questionsMax: number, answer: (questions: readonly Q[]) => Promise<readonly A[]>) =>
  askTogether<Q, A>({ questionsMax, keyOf: () => "", send: (_, questions) => answer(questions) });

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
  const firsts: string[] = [];
  const send: AskTogetherOptions<string, string>["send"] = async (first, questions) => {
    firsts.push(first);
    return questions;
  };
  const ask = askTogether<string, string>({ questionsMax: 10, keyOf: (question) => question.slice(0, 1), send });
  expect(await Promise.all(["a1", "b1", "a2"].map(ask))).toEqual(["a1", "b1", "a2"]);
  expect(firsts).toEqual(["a1", "b1"]);
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
