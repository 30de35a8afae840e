import { expect, test } from "bun:test";
import type { Split } from "shared/stores/split";
import { describeMoves } from "./describe-moves.ts";

const whole = (partitions: number): Split => ({ partitions, isReadable: true });
const moving = (isReadable: boolean): Split => ({ partitions: 1, movingTo: 4, isReadable });
const describeOf = (splits: Record<string, Split>) => describeMoves(new Map(Object.entries(splits)), 4);

test("a move that ended while entries were copied has closed the region's writes, and no reads", () => {
  expect(describeOf({ GLOBAL: moving(true), EU: whole(1), NA: whole(1) })).toBe(
    "run ./lb repartition --to 4 again; until then GLOBAL takes no writes; EU, NA go on as before",
  );
});

test("a move that ended after that has closed the region's reads as well, and those of all players", () => {
  expect(describeOf({ GLOBAL: whole(4), EU: moving(false), NA: whole(1) })).toBe(
    "run ./lb repartition --to 4 again; until then EU takes neither writes nor reads; " +
      "reads of all players (GLOBAL) are refused; GLOBAL needs services with PARTITIONS=4; NA goes on as before",
  );
});

test("where one region has moved and the next has not begun, no service reads all players", () => {
  expect(describeOf({ GLOBAL: whole(4), EU: whole(1) })).toContain("reads of all players (GLOBAL) are refused");
});

test("a move that ended before the first region was closed has changed nothing", () => {
  expect(describeOf({ GLOBAL: whole(1) })).toBe(
    "run ./lb repartition --to 4 again; until then GLOBAL goes on as before",
  );
});
