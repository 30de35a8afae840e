import { expect, test } from "bun:test";
import { gatherTurn, type TurnBounds } from "./gather-turn.ts";

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

function gatherer(max = 10, bytes: Pick<TurnBounds<string>, "bytes"> = {}) {
  const handedOn: string[][] = [];
  const gather = gatherTurn<number, string>({ itemsMax: max, ...bytes }, (items) => void handedOn.push([...items]));
  return { gather, handedOn };
}

test("what comes in one turn is handed on together, in order, at its end; what comes later in the next", async () => {
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

test("what comes under different keys stays apart", async () => {
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

test("no more than the bound are handed on together, and none is forgotten", async () => {
  const { gather, handedOn } = gatherer(2);
  for (const item of ["a", "b", "c", "d", "e"]) gather(0, item);
  await nextTurn();
  expect(handedOn).toEqual([["a", "b"], ["c", "d"], ["e"]]);
});

test("no more bytes than the bound are handed on together, and an item that is larger goes alone", async () => {
  const { gather, handedOn } = gatherer(10, { bytes: { max: 4, of: (item) => item.length } });
  for (const item of ["aa", "bb", "c", "dddddd", "e", "fff"]) gather(0, item);
  await nextTurn();
  expect(handedOn).toEqual([["aa", "bb"], ["c"], ["dddddd"], ["e", "fff"]]);
});
