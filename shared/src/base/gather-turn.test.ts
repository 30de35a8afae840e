import { expect, test } from "bun:test";
import { askTogether, type BatchBounds, gatherTurn } from "./gather-turn.ts";

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

function gatherer(max = 10, bytes: Pick<BatchBounds<string>, "bytes"> = {}) {
  const handedOn: string[][] = [];
  const gather = gatherTurn<number, string>({ itemsMax: max, ...bytes }, (items) => void handedOn.push([...items]));
  return { gather, handedOn };
}

test("items of one turn are handed on together, in order, at its end, and later items in the next turn", async () => {
  const { gather, handedOn } = gatherer();
  for (const item of ["a", "b"]) gather(0, item);
  await Promise.resolve();
  gather(0, "c");
  expect(handedOn).toEqual([]);
  await nextTurn();
  gather(0, "d");
  expect(handedOn).toEqual([["a", "b", "c"]]);
  await nextTurn();
  expect(handedOn).toEqual([["a", "b", "c"], ["d"]]);
});

test("items under different keys are never in one batch", async () => {
  const { gather, handedOn } = gatherer();
  for (const [key, item] of [
    [0, "a"],
    [1, "b"],
    [0, "c"],
  ] as const) {
    gather(key, item);
  }
  await nextTurn();
  expect(handedOn).toEqual([["a", "c"], ["b"]]);
});

test("a batch holds at most the bounded number of items, and every item is handed on", async () => {
  const { gather, handedOn } = gatherer(2);
  for (const item of ["a", "b", "c", "d", "e"]) gather(0, item);
  await nextTurn();
  expect(handedOn).toEqual([["a", "b"], ["c", "d"], ["e"]]);
});

test("a batch holds at most the bounded number of bytes, and a larger item is a batch of its own", async () => {
  const { gather, handedOn } = gatherer(10, { bytes: { max: 4, of: (item) => item.length } });
  for (const item of ["aa", "bb", "c", "dddddd", "e", "fff"]) gather(0, item);
  await nextTurn();
  expect(handedOn).toEqual([["aa", "bb"], ["c"], ["dddddd"], ["e", "fff"]]);
});

/** Asks questions that all share calls. */
function asker<Q, A>(questionsMax: number, answer: (questions: readonly Q[]) => Promise<readonly A[]>) {
  const ask = askTogether<string, Q, A>({ questionsMax, nameOf: String, send: (_, questions) => answer(questions) });
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

test("questions for places of different names leave in different calls", async () => {
  const calls: [string, readonly number[]][] = [];
  async function send(place: string, questions: readonly number[]) {
    calls.push([place, questions]);
    return questions;
  }
  const ask = askTogether({ questionsMax: 10, nameOf: String, send });
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
