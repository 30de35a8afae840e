import { expect, test } from "bun:test";
import { changesInMs, describePast, describeRunning, formatLeft, nameSeason } from "./season-texts.ts";

const HOUR = 3_600_000;

test("the time that is left has days and hours, below a day a clock, and never more than is left", () => {
  const texts: [number, string][] = [
    [7 * 24 * HOUR, "7 d 0 h"],
    [24 * HOUR, "1 d 0 h"],
    [24 * HOUR - 1_000, "23:59:59"],
    [HOUR, "1:00:00"],
    [HOUR - 1_000, "59:59"],
    [61_000, "1:01"],
    [999, "0:01"],
    [0, "0:00"],
    [-5, "0:00"],
  ];
  expect(texts.map(([ms]) => formatLeft(ms))).toEqual(texts.map(([, text]) => text));
});

test("the clock is drawn again when its text changes, and goes on behind the end", () => {
  for (const ms of [61_250, 999, 1, 1_000]) {
    expect(formatLeft(ms)).not.toBe(formatLeft(ms - changesInMs(ms)));
  }
  expect([changesInMs(0), changesInMs(-1), changesInMs(48 * HOUR)]).toEqual([1_000, 1_000, 60_000]);
});

test("a season that has not begun says when it begins, one that is over that it ends now", () => {
  const season = { starts_at: "2026-12-07T00:00:00.000000Z", ends_at: "2026-12-14T00:00:00.000000Z" };
  const at = (iso: string) => describeRunning(season, Date.parse(iso)).clock;
  expect([at("2026-12-06T23:59:50Z"), at("2026-12-07T00:00:00Z"), at("2026-12-14T00:00:00Z")]).toEqual([
    "Begins in 0:10",
    "Ends in 7 d 0 h",
    "Ends now",
  ]);
});

test("a past season is final in words only when it is", () => {
  const past = (state: "closing" | "incomplete" | "final" | "purged") =>
    describePast({ season: 4, state, ends_at: "2026-12-14T00:00:00.000000Z" }).replace(/^.*?\. /, "");
  expect([past("closing"), past("incomplete"), past("final"), past("purged")]).toEqual([
    "Its results are being counted.",
    "Some of its results are not counted yet.",
    "These are its final results.",
    "Its results are no longer kept.",
  ]);
});

test("season 0 has no start, and a season that goes on no end", () => {
  const ends_at = "2026-12-14T00:00:00.000000Z";
  expect(nameSeason({ season: 0, state: "final", starts_at: null, ends_at, total: 1 })).toMatch(
    /^Season 0 · until .*26/,
  );
  expect(describeRunning({ starts_at: null, ends_at }, Date.parse("2026-12-13T23:00:00Z")).clock).toBe(
    "Ends in 1:00:00",
  );
  expect(describeRunning({ starts_at: ends_at, ends_at: null }, Date.parse("2027-01-01T00:00:00Z"))).toEqual({
    clock: "",
    about: "This season goes on.",
    leftMs: undefined,
  });
  expect(describeRunning({}, 0)).toEqual({ clock: "", about: "", leftMs: undefined });
});
