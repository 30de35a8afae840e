import { expect, test } from "bun:test";
import { createGather } from "./gather.ts";

test("questions of one turn leave together at its end, in calls no longer than allowed, and each gets its own answer", async () => {
  const calls: number[][] = [];
  const ask = createGather(3, async (questions: readonly number[]) => {
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

test("a call that fails fails its questions and no others", async () => {
  const ask = createGather(2, async (questions: readonly string[]) => {
    if (questions.includes("bad")) throw new Error("refused");
    return questions;
  });
  const asked = await Promise.allSettled(["a", "bad", "b", "c"].map(ask));
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled"]);
  expect(await ask("later")).toBe("later");
});

test("a call that does not answer all of its questions answers none: nobody knows which", async () => {
  const ask = createGather(2, async (questions: readonly string[]) => questions.slice(1));
  const asked = await Promise.allSettled(["a", "b"].map(ask));
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
