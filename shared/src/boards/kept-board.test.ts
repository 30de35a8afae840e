import { expect, test } from "bun:test";
import { parseKeptBoard } from "./kept-board.ts";

test.each([
  ["7 open", { rev: 7, state: "open", seasons: undefined }],
  ["8 deleting", { rev: 8, state: "deleting", seasons: undefined }],
  [
    "7 open 3 2 100 200 300",
    {
      rev: 7,
      state: "open",
      seasons: { season: 3, oldest: 2, startsAt: 100, ends: [200, 300], planned: 0, isFenced: false },
    },
  ],
  [
    "8 deleting 3 2 100 200 plan 90",
    {
      rev: 8,
      state: "deleting",
      seasons: { season: 3, oldest: 2, startsAt: 100, ends: [200], planned: 90, isFenced: false },
    },
  ],
  [
    "7 open 3 2 100 200 fence 90",
    {
      rev: 7,
      state: "open",
      seasons: { season: 3, oldest: 2, startsAt: 100, ends: [200], planned: 90, isFenced: true },
    },
  ],
] as const)("%p is what a shard keeps of a board", (text, expected) => {
  expect(parseKeptBoard(text)).toEqual(expected as never);
});

test.each(["", "7", "7 closed", "7 open ", "x open", "7 open a", "7 open 3 2 100 200 fence"])(
  "%p is of no service",
  (text) => {
    expect(parseKeptBoard(text)).toBeUndefined();
  },
);
