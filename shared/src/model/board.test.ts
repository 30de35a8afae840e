import { describe, expect, test } from "bun:test";
import { toInvalidRequest } from "../api/problems.ts";
import { fromUnits, toUnits, unitsMax } from "../entries/units.ts";
import { boardChangeSchema, boardIdSchema, boardSchema, configuredBoard, toDefinition } from "./board.ts";

function faultsOf(given: unknown): string[] {
  const { error } = boardSchema.safeParse(given);
  const { errors = [] } = error === undefined ? {} : toInvalidRequest(error, "body");
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe("a definition", () => {
  test("that says nothing is that of a configured board", () => {
    const { id, rev, born, created_at, state, has_seasons, ...definition } = configuredBoard("main");
    expect(toDefinition(boardSchema.parse({}))).toEqual(definition);
    expect(definition).toMatchObject({
      order: "desc",
      operator: "set",
      operators: ["set", "add", "create"],
      decimals: 0,
    });
  });

  test("lets a write ask for its operator alone, unless it says more", () => {
    expect(toDefinition(boardSchema.parse({ operator: "best" })).operators).toEqual(["best"]);
    expect(toDefinition(boardSchema.parse({ operator: "best", operators: ["best", "set"] })).operators).toEqual([
      "best",
      "set",
    ]);
  });

  test("without either bound has no bounds", () => {
    expect(toDefinition(boardSchema.parse({ bounds: {} })).bounds).toBeNull();
    expect(toDefinition(boardSchema.parse({ bounds: { max: 0 } })).bounds).toEqual({ min: null, max: 0 });
  });

  test("has the schedule of its seasons with all fields, in UTC unless it names a zone", () => {
    const season = { schedule: "0  0 * * 1", starts_at: "2026-12-07T00:00:00+01:00" };
    const whole = { schedule: "0 0 * * 1", zone: "UTC", starts_at: "2026-12-06T23:00:00.000000Z", keep: null };
    expect(boardSchema.parse({ season }).season).toEqual(whole);
    expect(boardSchema.parse({ season: whole }).season).toEqual(whole);
    const paris = { schedule: "0 0 * * 1", zone: "Europe/Paris", keep: 0 };
    expect(boardSchema.parse({ season: paris }).season).toEqual({ ...paris, starts_at: null });
  });

  test.each([
    [{ order: "up" }, /^order: /],
    [{ operator: "create" }, /^operator: /],
    [{ operator: "best", operators: ["set"] }, /^operators: must have the operator, best/],
    [{ operators: ["set", "set"] }, /^operators: must not name one twice/],
    [{ decimals: 7 }, /^decimals: /],
    [{ decimals: 2, bounds: { min: 0.125 } }, /^bounds.min: must be a score of the board/],
    [{ bounds: { min: 2, max: 1 } }, /^bounds.max: must not be below min/],
    [{ title: "a\nb" }, /^title: /],
    [{ unit: "a".repeat(17) }, /^unit: must have no more than 16/],
    [{ unit: "a\n" }, /^unit: must have no control/],
    [{ metadata_bytes_max: 4097 }, /^metadata_bytes_max: /],
    [{ attempts_max: 0 }, /^attempts_max: /],
    [{ tiers: { by: "rank", steps: [{ id: "gold" }, { id: "silver" }] } }, /^tiers.steps: must have upto/],
    [{ season: { ends_at: "soon" } }, /^season.ends_at: must be a time/],
    [{ season: {} }, /^season.ends_at: /],
    [{ season: "weekly" }, /^season: /],
    [{ season: { schedule: "0 0 * *" } }, /^season.schedule: must have the 5 fields/],
    [{ season: { schedule: "61 0 * * *" } }, /^season.schedule: must be a schedule/],
    [{ season: { schedule: "0 0 31 2 *" } }, /^season.schedule: must name a time that comes$/],
    [{ season: { schedule: 7 } }, /^season.schedule: /],
    [{ season: { schedule: "0 ".repeat(60) } }, /^season.schedule: must have no more than 100/],
    [{ season: { schedule: "0 0 * * 1", zone: "Mars/Olympus" } }, /^season.zone: must be the name of a time zone/],
    [{ season: { schedule: "0 0 * * 1", zone: "+01:00" } }, /^season.zone: /],
    [{ season: { schedule: "0 0 * * 1", keep: -1 } }, /^season.keep: must be an integer from 0/],
    [{ season: { schedule: "0 0 * * 1", keep: 1.5 } }, /^season.keep: must be an integer from 0/],
    [{ season: { schedule: "0 0 * * 1", keep: 100_001 } }, /^season.keep: must be an integer from 0/],
    [{ season: { schedule: "0 0 * * 1", starts_at: "soon" } }, /^season.starts_at: must be a time/],
    [{ season: { schedule: "0 0 * * 1", colour: "red" } }, /^season.colour: is not a known field$/],
    [
      { season: { schedule: "61 0 * * *", zone: "x", keep: -1 } },
      /^season.schedule: .*; season.zone: .*; season.keep: /,
    ],
    [
      { season: { schedule: "0 0 * * 1", ends_at: "2100-01-01T00:00:00Z" } },
      /^season.(schedule|ends_at): is not a known field$/,
    ],
    [{ bounds: { least: 1 } }, /^bounds.least: is not a known field$/],
    [{ colour: "red" }, /colour/],
  ])("%p is refused by name", (given, fault) => {
    expect(faultsOf(given).join("; ")).toMatch(fault);
  });
});

test("a change holds the named fields alone", () => {
  expect(boardChangeSchema.parse({ title: "Weekly", bounds: null })).toEqual({ title: "Weekly", bounds: null });
  expect(boardChangeSchema.parse({})).toEqual({});
});

test.each(["weekly-race", "0", "a_b"])("%p is an id", (id) => expect(boardIdSchema.parse(id)).toBe(id));
test.each(["", "A", "-a", "a@1", "a:b", "{a", "a".repeat(33), "ä"])("%p is no id", (id) => {
  expect(boardIdSchema.safeParse(id).success).toBe(false);
});

describe("units", () => {
  test.each([
    [12.75, 3, 12_750],
    [-0.1, 1, -1],
    [-0, 2, 0],
    [5, 0, 5],
    [0.000001, 6, 1],
    [999_999_999.999_999, 6, 999_999_999_999_999],
    [-999_999_999_999.999, 3, -999_999_999_999_999],
  ])("%p with %p decimals are %p", (score, decimals, units) => {
    expect(toUnits(score, decimals)).toBe(units);
    expect(fromUnits(units, decimals)).toBe(score + 0);
  });

  test.each([
    [12.755, 2],
    [0.5, 0],
    [1e-7, 6],
    [1e15, 3],
    [Number.NaN, 2],
    [1e21, 1],
  ])("%p is no score with %p decimals", (score, decimals) => {
    expect(toUnits(score, decimals)).toBeUndefined();
  });

  test("every number of units is a JSON number and comes back", () => {
    for (let decimals = 1; decimals <= 6; decimals++) {
      for (let n = 0; n < 2_000; n++) {
        const units = Math.floor((Math.random() * 2 - 1) * unitsMax(decimals)) + 0;
        expect(toUnits(JSON.parse(JSON.stringify(fromUnits(units, decimals))), decimals)).toBe(units);
      }
    }
  });
});
