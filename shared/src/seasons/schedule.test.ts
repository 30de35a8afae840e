import { describe, expect, test } from "bun:test";
import { toIsoTime } from "../base/times.ts";
import { boundariesAfter, faultOfSchedule, isZone, tidySchedule } from "./schedule.ts";

const at = (time: string) => Date.parse(time) * 1000;
const shorten = (us: number) => toIsoTime(us).replace(/(:00)?\.000000Z$/, "Z");
const boundariesOf = (schedule: string, zone: string, from: number, count: number) =>
  boundariesAfter({ schedule, zone }, from).take(count).toArray();
const after = (schedule: string, zone: string, time: string, count: number) =>
  boundariesOf(schedule, zone, at(time), count).map(shorten);

describe("a time of the day that the clock skips comes at the first instant behind the gap:", () => {
  test.each([
    ["30 2 * * *", "America/New_York", "2026-03-08T05:00Z", ["2026-03-08T07:00Z", "2026-03-09T06:30Z"]],
    ["0 0 * * *", "Africa/Cairo", "2026-04-23T00:00Z", ["2026-04-23T22:00Z", "2026-04-24T21:00Z"]],
    ["0 0 * * *", "America/Havana", "2026-03-08T00:00Z", ["2026-03-08T05:00Z", "2026-03-09T04:00Z"]],
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00Z", ["2026-10-03T15:30Z", "2026-10-04T15:15Z"]],
    // Several of one gap, and one right behind it, are one boundary.
    ["0,30 2,3 * * *", "America/New_York", "2026-03-08T05:00Z", ["2026-03-08T07:00Z", "2026-03-08T07:30Z"]],
    ["*/20 2 * * *", "America/New_York", "2026-03-08T05:00Z", ["2026-03-08T07:00Z", "2026-03-09T06:00Z"]],
    ["0 */2 * * *", "America/New_York", "2026-03-08T05:30Z", ["2026-03-08T07:00Z", "2026-03-08T08:00Z"]],
    ["* 2 8 3 *", "America/New_York", "2026-03-08T05:30Z", ["2026-03-08T07:00Z", "2027-03-08T07:00Z"]],
    ["*/30 30 2 * * *", "America/New_York", "2026-03-08T05:30Z", ["2026-03-08T07:00Z", "2026-03-09T06:30Z"]],
  ])("%s in %s", (schedule, zone, from, expected) => {
    expect(after(schedule, zone, from, 2)).toEqual(expected);
  });
});

describe("a time of the day that the clock shows twice comes the first time alone:", () => {
  test.each([
    ["30 1 * * *", "America/New_York", "2026-11-01T04:00Z", ["2026-11-01T05:30Z", "2026-11-02T06:30Z"]],
    // Also where the schedule begins between the two.
    ["30 1 * * *", "America/New_York", "2026-11-01T05:30Z", ["2026-11-02T06:30Z", "2026-11-03T06:30Z"]],
    ["30 1 * * *", "America/New_York", "2026-11-01T06:10Z", ["2026-11-02T06:30Z", "2026-11-03T06:30Z"]],
    ["0 0 * * *", "America/Havana", "2026-10-31T12:00Z", ["2026-11-01T04:00Z", "2026-11-02T05:00Z"]],
    ["0,30 1,2 * * *", "America/New_York", "2026-11-01T05:00Z", ["2026-11-01T05:30Z", "2026-11-01T07:00Z"]],
    ["*/30 1 * * *", "America/New_York", "2026-11-01T05:00Z", ["2026-11-01T05:30Z", "2026-11-02T06:00Z"]],
    ["0 1-2 * * *", "America/New_York", "2026-11-01T04:00Z", ["2026-11-01T05:00Z", "2026-11-01T07:00Z"]],
  ])("%s in %s, from %s on", (schedule, zone, from, expected) => {
    expect(after(schedule, zone, from, 2)).toEqual(expected);
  });
});

test("a schedule of every hour goes on hour by hour, however it is spelled", () => {
  for (const hours of ["*", "*/1", "0-23"]) {
    expect(after(`0 ${hours} * * *`, "America/New_York", "2026-11-01T04:00Z", 3)).toEqual([
      "2026-11-01T05:00Z",
      "2026-11-01T06:00Z",
      "2026-11-01T07:00Z",
    ]);
    expect(after(`0 ${hours} * * *`, "America/New_York", "2026-03-08T05:00Z", 3)).toEqual([
      "2026-03-08T06:00Z",
      "2026-03-08T07:00Z",
      "2026-03-08T08:00Z",
    ]);
  }
});

describe("boundaries", () => {
  test.each([
    ["0 0 * * 1", "Europe/Paris", "2026-03-20T00:00Z", ["2026-03-22T23:00Z", "2026-03-29T22:00Z"]],
    ["0 0 * * 1", "Europe/Paris", "2038-01-18T00:00Z", ["2038-01-24T23:00Z", "2038-01-31T23:00Z"]],
    ["0 0 29 2 *", "UTC", "2099-01-01T00:00Z", ["2104-02-29T00:00Z", "2108-02-29T00:00Z"]],
    ["*/20 * * * * *", "UTC", "2026-01-01T23:59:30Z", ["2026-01-01T23:59:40Z", "2026-01-02T00:00Z"]],
    ["0 12 L * *", "Asia/Tokyo", "2026-02-01T00:00Z", ["2026-02-28T03:00Z", "2026-03-31T03:00Z"]],
    ["45 23 * * sun", "Asia/Kathmandu", "2026-02-01T18:00Z", ["2026-02-08T18:00Z", "2026-02-15T18:00Z"]],
  ])("of %s in %s", (schedule, zone, from, expected) => {
    expect(after(schedule, zone, from, 2)).toEqual(expected);
  });

  test("are behind the given instant, to the microsecond", () => {
    const monday = at("2026-01-05T00:00Z");
    const first = (from: number) => boundariesOf("0 0 * * 1", "UTC", from, 1)[0];
    expect([first(monday - 1), first(monday)].map(Number)).toEqual([monday, monday + 7 * 86_400e6]);
    expect(first(monday + 1)).toBe(monday + 7 * 86_400e6);
  });

  test("grow, over every change of the clocks", () => {
    const zones = ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana"];
    for (const zone of zones) {
      for (const schedule of ["*/30 1-3 * * *", "5,35 */3 * * *", "30 0-3 * * *"]) {
        const found = boundariesOf(schedule, zone, at("2026-01-01T00:00Z"), 1_500);
        expect(found.every((us, n) => n === 0 || us > (found[n - 1] ?? us))).toBe(true);
      }
    }
  });

  /** By the clock of the zone, minute by minute. */
  function* wallClock(zone: string, from: number, hours: number) {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    for (let us = from; us < from + hours * 3_600e6; us += 60e6) yield [us, format.format(us / 1000)] as const;
  }
  test.each([
    ["America/New_York", "2026-03-08T00:00Z"],
    ["America/New_York", "2026-11-01T00:00Z"],
    ["Europe/Paris", "2027-03-27T18:00Z"],
    ["Europe/Paris", "2027-10-30T18:00Z"],
    ["Australia/Lord_Howe", "2026-04-04T06:00Z"],
    ["Australia/Lord_Howe", "2026-10-03T06:00Z"],
  ])("of each time of the day are where the clock of %s shows it first, around %s", (zone, time) => {
    const shownAt = new Map<string, number>();
    for (const [us, shown] of wallClock(zone, at(time), 20)) shownAt.set(shown, shownAt.get(shown) ?? us);
    const minutes = [...shownAt].filter(([, us]) => us > at(time));
    for (const [shown, us] of minutes) {
      const [hour, minute] = shown.split(":").map(Number);
      const schedule = `${minute} ${hour} * * *`;
      expect([zone, shown, boundariesOf(schedule, zone, at(time), 1)]).toEqual([zone, shown, [us]]);
    }
    expect(minutes.length).toBeGreaterThan(1_000);
  });
});

describe("a schedule", () => {
  test.each(["0 0 * * 1", "*/20 * * * * *", "0 0 29 2 *", "0 0 1 jan *", "0 12 L * *"])("%p is one", (text) => {
    expect(faultOfSchedule(text)).toBeUndefined();
  });

  test.each([
    ["", /5 fields/],
    ["0 0 * *", /5 fields/],
    ["0 0 0 1 1 * 2027", /5 fields/],
    ["@weekly", /5 fields/],
    ["@weekly * * * *", /5 fields/],
    ["2026-12-01T00:00:00", /5 fields/],
    ["61 * * * *", /schedule of cron/],
    ["a b c d e", /schedule of cron/],
    ["0 0 * * 8", /schedule of cron/],
    ["0 0 31 2 *", /must name a time that comes/],
    ["0 0 0 30 feb *", /must name a time that comes/],
  ])("%p is none", (text, fault) => expect(faultOfSchedule(text)).toMatch(fault));

  test("is kept with one blank between its fields", () => {
    expect(tidySchedule("  0\t0  * * 1 ")).toBe("0 0 * * 1");
  });
});

test.each(["UTC", "Europe/Paris", "America/Argentina/Ushuaia", "Etc/GMT+5"])("%p is a zone", (zone) =>
  expect(isZone(zone)).toBe(true),
);
test.each(["", "Mars/Olympus", "+01:00", "01:00", "Europe/Paris\n", " UTC"])("%p is no zone", (zone) =>
  expect(isZone(zone)).toBe(false),
);
