import { expect, test } from "bun:test";
import { fromArrival, fromIsoTime, toArrival, toIsoTime } from "./times.ts";

test("an ISO time keeps every microsecond", () => {
  expect(toIsoTime(1_767_322_984_678_901)).toBe("2026-01-02T03:03:04.678901Z");
  expect(toIsoTime(1_767_322_984_000_001)).toBe("2026-01-02T03:03:04.000001Z");
});

test("parsing reverses formatting, and refuses any other text", () => {
  for (const us of [0, 1, 1_767_322_984_678_901, 1_767_322_984_000_000]) expect(fromIsoTime(toIsoTime(us))).toBe(us);
  expect(fromIsoTime("2026-01-02T03:03:04Z")).toBe(1_767_322_984_000_000);
  expect(fromIsoTime("2026-01-02T03:03:04.5Z")).toBe(1_767_322_984_500_000);
  const wrong = ["", "2026-01-02", "2026-13-02T03:03:04Z", "2026-01-02T03:03:04+01:00", "2026-01-02T03:03:04.1234567Z"];
  expect(wrong.map(fromIsoTime)).toEqual(wrong.map(() => undefined));
});

test("an earlier arrival is the greater text, has a fixed width and can be parsed", () => {
  const times = [0, 1, 1_767_322_984_678_901, 1_767_322_984_678_902, Number.MAX_SAFE_INTEGER];
  const arrivals = times.map(toArrival);
  expect(arrivals.toSorted().reverse()).toEqual(arrivals);
  expect(new Set(arrivals.map((arrival) => arrival.length))).toEqual(new Set([16]));
  expect(arrivals.map(fromArrival)).toEqual(times);
});
