import { expect, test } from "bun:test";
import { fromArrival, fromIsoTime, toArrival, toIsoTime } from "./times.ts";

test("an ISO time keeps every microsecond", () => {
  expect(toIsoTime(1_767_322_984_678_901)).toBe("2026-01-02T03:03:04.678901Z");
  expect(toIsoTime(1_767_322_984_000_001)).toBe("2026-01-02T03:03:04.000001Z");
});

test("an ISO time is that of a Date, on days that follow each other and on others", () => {
  const day = 86_400_000_000;
  for (const us of [-1, 0, day - 1, day, 20_600 * day - 1, 20_600 * day, 19_782 * day + 83_599_000_001, 2 ** 52]) {
    const [whole, last] = [Math.floor(us / 1000), us - 1000 * Math.floor(us / 1000)];
    const ofDate = new Date(whole).toISOString().replace("Z", `${String(last).padStart(3, "0")}Z`);
    expect(toIsoTime(us)).toBe(ofDate);
  }
  expect(() => toIsoTime(Number.NaN)).toThrow(RangeError);
});

test("parsing reverses formatting, and takes fewer digits", () => {
  for (const us of [0, 1, 1_767_322_984_678_901, 1_767_322_984_000_000]) expect(fromIsoTime(toIsoTime(us))).toBe(us);
  expect(fromIsoTime("2026-01-02T03:03:04Z")).toBe(1_767_322_984_000_000);
  expect(fromIsoTime("2026-01-02T03:03:04.5Z")).toBe(1_767_322_984_500_000);
});

test.each([
  ["2026-01-02T03:03:04.1234567Z", 1_767_322_984_123_456],
  ["2026-01-02T03:03:04.1234569999999999999999Z", 1_767_322_984_123_456],
  ["2026-01-02t03:03:04z", 1_767_322_984_000_000],
  ["2026-01-02 03:03:04Z", 1_767_322_984_000_000],
  ["2026-01-02T03:03:04+00:00", 1_767_322_984_000_000],
  ["2026-01-02T03:03:04-00:00", 1_767_322_984_000_000],
  ["2026-01-02T04:03:04+01:00", 1_767_322_984_000_000],
  ["2026-01-01T19:33:04.5-07:30", 1_767_322_984_500_000],
  ["2026-01-03T03:02:04.5+23:59", 1_767_322_984_500_000],
  ["2024-02-29T00:00:00Z", 1_709_164_800_000_000],
  ["2016-12-31T23:59:60.25Z", 1_483_228_800_250_000],
  ["2017-01-01T00:59:60+01:00", 1_483_228_800_000_000],
  ["1969-12-31T23:59:59.9Z", -100_000],
])("%s is read", (text, us) => {
  expect(fromIsoTime(text)).toBe(us);
});

test.each([
  "",
  "2026-01-02",
  "2026-13-02T03:03:04Z",
  "2026-00-02T03:03:04Z",
  "2026-01-00T03:03:04Z",
  "2026-02-30T03:04:05Z",
  "2026-02-29T03:04:05Z",
  "2026-04-31T03:04:05Z",
  "0099-01-01T00:00:00Z",
  "2026-01-02T24:00:00Z",
  "2026-01-02T03:60:04Z",
  "2026-01-02T03:03:61Z",
  "2026-01-02T03:03:60Z",
  "2026-01-02T03:03:04",
  "2026-01-02T03:03:04.Z",
  "2026-01-02T03:03:04+24:00",
  "2026-01-02T03:03:04+01:60",
  "2026-01-02T03:03:04+0100",
  "2026-01-02T03:03:04+01",
  " 2026-01-02T03:03:04Z",
  "+002026-01-02T03:03:04Z",
  "Fri, 02 Jan 2026 03:03:04 GMT",
])("%p is not a time", (text) => {
  expect(fromIsoTime(text)).toBeUndefined();
});

test("an earlier arrival is the greater text, has a fixed width and can be parsed", () => {
  const times = [0, 1, 1_767_322_984_678_901, 1_767_322_984_678_902, Number.MAX_SAFE_INTEGER];
  const arrivals = times.map(toArrival);
  expect(arrivals.toSorted().reverse()).toEqual(arrivals);
  expect(new Set(arrivals.map((arrival) => arrival.length))).toEqual(new Set([16]));
  expect(arrivals.map(fromArrival)).toEqual(times);
});
