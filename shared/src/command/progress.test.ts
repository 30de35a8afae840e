import { expect, test } from "bun:test";
import { bar, createProgress, rate } from "./progress.ts";

/** The text that is written when `show` is called every 50 ms for two seconds. */
function record(isTTY: boolean): string[] {
  let now = 0;
  const written: string[] = [];
  const progress = createProgress({ isTTY, write: (text) => written.push(text) }, () => now);
  for (; now <= 2_000; now += 50) progress.show(`${now}`);
  progress.end();
  return written;
}

test("progress is one line a second in a file", () => {
  expect(record(false)).toEqual(["1000\n", "2000\n"]);
});

test("progress is one line on a terminal, rewritten ten times a second, which stays at the end", () => {
  const written = record(true);
  expect(written).toHaveLength(22);
  expect(written.slice(0, 2)).toEqual(["\r100", "\r200"]);
  expect(written.slice(-2)).toEqual(["\r2000", "\n"]);
});

test("a shorter text erases the longer one before it", () => {
  const written: string[] = [];
  let now = 0;
  const progress = createProgress({ isTTY: true, write: (text) => written.push(text) }, () => now);
  for (const text of ["long", "s"]) {
    now += 1_000;
    progress.show(text);
  }
  expect(written).toEqual(["\rlong", "\rs   "]);
});

test("a rate is per second", () => {
  expect(rate(5_000, 2_000)).toBe("2,500 a second");
});

test("the bar shows the share that is done", () => {
  expect(bar("players", 250, 1000, "250 of 1000")).toBe(
    "players   [########                        ]  25 % 250 of 1000",
  );
});

test("a bar whose total was guessed too low is full, and without a total there is no bar", () => {
  expect(bar("rows", 12, 10, "")).toContain("] 100 %");
  expect(bar("rows", 1_200, 0, "5 a second")).toBe("rows      1,200, 5 a second");
});
