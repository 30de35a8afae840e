import { expect, test } from "bun:test";
import { fromArrival, toArrival, toIsoTime } from "./times.ts";

test("a time keeps every microsecond", () => {
  expect(toIsoTime(1_767_322_984_678_901)).toBe("2026-01-02T03:03:04.678901Z");
  expect(toIsoTime(1_767_322_984_000_001)).toBe("2026-01-02T03:03:04.000001Z");
});

test("an earlier arrival is the greater text, of a fixed width, and can be read back", () => {
  const times = [0, 1, 1_767_322_984_678_901, 1_767_322_984_678_902, Number.MAX_SAFE_INTEGER];
  const arrivals = times.map(toArrival);
  expect(arrivals.toSorted().reverse()).toEqual(arrivals);
  expect(new Set(arrivals.map((arrival) => arrival.length))).toEqual(new Set([16]));
  expect(arrivals.map(fromArrival)).toEqual(times);
});
