import { expect, test } from "bun:test";
import { type BatchBounds, gatherTurn } from "./gather-turn.ts";

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
