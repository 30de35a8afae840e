import { expect, test } from "bun:test";
import { createKeeping, KEPT_ENTRIES_MAX } from "./kept-tops.ts";

const NAMES = ["a", "b", "c"];

test("what was kept is there for a second from when it was asked for, however often it is looked for", () => {
  const keeping = createKeeping<string>();
  keeping.keep("a", "A", 1, 100);
  for (const nowMs of [100, 1_000, 1_100]) expect(keeping.find("a", nowMs)).toBe("A");
  expect(keeping.find("a", 1_101)).toBeUndefined();
});

test("there is room for so many entries; whoever was not asked for longest makes it", () => {
  const keeping = createKeeping<string>();
  const half = KEPT_ENTRIES_MAX / 2 - 1;
  for (const name of ["a", "b"]) keeping.keep(name, name, half, 0);
  expect(keeping.find("a", 0)).toBe("a");
  keeping.keep("c", "c", 0, 0);
  expect(NAMES.map((name) => keeping.find(name, 0))).toEqual(["a", undefined, "c"]);
  keeping.keep("a", "again", half, 0);
  keeping.keep("b", "b", half - 1, 0);
  expect(NAMES.map((name) => keeping.find(name, 0))).toEqual(["again", "b", "c"]);
  keeping.keep("b", "alone", KEPT_ENTRIES_MAX - 1, 0);
  expect(NAMES.map((name) => keeping.find(name, 0))).toEqual([undefined, "alone", undefined]);
  keeping.keep("c", "too many", KEPT_ENTRIES_MAX, 0);
  expect(NAMES.map((name) => keeping.find(name, 0))).toEqual([undefined, undefined, undefined]);
});

test("names that hold no entries take room, too", () => {
  const keeping = createKeeping<number>();
  for (let i = 0; i <= KEPT_ENTRIES_MAX; i++) keeping.keep(String(i), i, 0, 0);
  expect([keeping.find("0", 0), keeping.find("1", 0)]).toEqual([undefined, 1]);
});

test("whatever nobody has asked for in a second is let go when something else is kept", () => {
  const keeping = createKeeping<string>();
  for (const name of ["a", "b"]) keeping.keep(name, name, 1, 0);
  expect(keeping.find("a", 500)).toBe("a");
  keeping.keep("c", "c", 1, 1_001);
  // Looked for as of a moment at which all of them would be young enough.
  expect(NAMES.map((name) => keeping.find(name, 900))).toEqual(["a", undefined, "c"]);
});
