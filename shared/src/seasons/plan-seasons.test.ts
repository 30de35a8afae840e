import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toIsoTime } from "../base/times.ts";
import { type Board, boardSchema, configuredBoard, toDefinition } from "../model/board.ts";
import {
  NO_END,
  NO_START,
  nextInstants,
  planWithoutEnds,
  runningSeason,
  type SeasonPlan,
  toIsoSeason,
  toPlan,
  toPlanValue,
  withEnd,
} from "./plan.ts";
import { INSTANTS_MAX, needsPlanAt, planSeasons, SETTLED_US } from "./plan-seasons.ts";

const at = (time: string) => Date.parse(time) * 1000;
const DAY = 86_400e6;
/** A Thursday. */
const MADE = at("2026-01-01T00:00:00Z");

function board(season: object | null, rest: Partial<Board> = {}): Board {
  const definition = toDefinition(boardSchema.parse({ season }));
  const made = { rev: MADE, created_at: toIsoTime(MADE), has_seasons: true };
  return { ...configuredBoard("cup"), ...definition, ...made, ...rest };
}
const weekly = board({ schedule: "0 0 * * 1" });

/** Plans until nothing is left to plan, as the planner does from one look to the next. */
function plan(of: Board, now: number, before?: SeasonPlan, finalUpTo = 0): SeasonPlan {
  let present = before;
  for (let calls = 0; calls < 100; calls++) {
    const next = planSeasons({ board: of, plan: present, now, finalUpTo });
    if (next === undefined) {
      if (present === undefined) throw new Error("there is no plan");
      return present;
    }
    present = next;
  }
  throw new Error("planning does not end");
}
const days = ({ at: instants }: SeasonPlan) => instants.map((us) => toIsoTime(us).slice(0, 10));
const endsAhead = ({ at: instants }: SeasonPlan, now: number) => instants.slice(1).filter((us) => us > now).length;

describe("a first plan", () => {
  test("begins when the board is made, and has two ends", () => {
    expect(plan(weekly, MADE + 1e6)).toEqual({
      rev: MADE,
      first: 1,
      schedule: "0 0 * * 1",
      zone: "UTC",
      at: [MADE, at("2026-01-05T00:00:00Z"), at("2026-01-12T00:00:00Z")],
    });
  });

  test("begins at starts_at where that is later, in a season of its own", () => {
    const starts_at = "2026-03-04T12:00:00Z";
    const made = plan(board({ schedule: "0 0 * * 1", starts_at }), MADE);
    expect(made.at).toEqual([at(starts_at), at("2026-03-09T00:00:00Z"), at("2026-03-16T00:00:00Z")]);
    expect(runningSeason(made, MADE)).toBeUndefined();
    expect(nextInstants(made, MADE)).toEqual([...made.at]);
    expect(needsPlanAt(made)).toBeGreaterThan(at(starts_at));
    expect(plan(board({ schedule: "0 0 * * 1", starts_at: "2020-01-01T00:00:00Z" }), MADE).at[0]).toBe(MADE);
  });

  test("that begins on a boundary ends at the next", () => {
    const made = plan(board({ schedule: "0 0 * * 1", starts_at: "2026-03-09T00:00:00Z" }), MADE);
    expect(days(made)).toEqual(["2026-03-09", "2026-03-16", "2026-03-23"]);
  });

  test.each([
    ["0 0 * * *", 7],
    ["0 */6 * * *", 24],
    ["0 * * * *", 24],
    ["*/20 * * * * *", 24],
    ["0 0 1 * *", 2],
    ["0 0 29 2 *", 2],
  ])("of %s has %p ends ahead: a week, no more than 24", (schedule, ahead) => {
    expect(endsAhead(plan(board({ schedule }), MADE), MADE)).toBe(ahead);
  });

  test("of a board that had the id before is none", () => {
    const before = plan(weekly, MADE);
    const again = { ...weekly, rev: MADE + 50 * DAY, born: MADE + 40 * DAY, created_at: toIsoTime(MADE + 50 * DAY) };
    expect(plan(again, again.rev, before)).toMatchObject({
      first: 1,
      at: [again.rev, expect.anything(), expect.anything()],
    });
  });

  test.each([
    ["without a season", configuredBoard("cup")],
    ["that only ends", board({ ends_at: "2100-01-01T00:00:00Z" })],
    ["that is being deleted", { ...weekly, state: "deleting" } as const],
  ])("is not made for a board %s", (_, of) => {
    expect(planSeasons({ board: of, plan: undefined, now: MADE })).toBeUndefined();
  });
});

describe("an extension", () => {
  test.each(["0 0 * * 1", "0 0 * * *", "0 * * * *", "0 0 1 * *", "*/20 * * * * *"])(
    "of %s comes when the plan says, adds behind its end, and leaves two ends ahead at every time",
    (schedule) => {
      const of = board({ schedule });
      let present = plan(of, MADE);
      for (let times = 0; times < 40; times++) {
        const needs = needsPlanAt(present);
        expect(planSeasons({ board: of, plan: present, now: needs - 1 })).toBeUndefined();
        expect(endsAhead(present, needs - 1)).toBeGreaterThanOrEqual(2);
        const next = plan(of, needs, present);
        expect(next.at.slice(0, present.at.length)).toEqual([...present.at]);
        expect(next.at.length).toBeGreaterThan(present.at.length);
        expect(endsAhead(next, needs)).toBeLessThanOrEqual(24);
        present = next;
      }
      expect(present.first).toBe(1);
    },
  );

  test("after a long time without a planner has every boundary that was missed, in consecutive seasons", () => {
    const later = at("2026-03-01T12:00:00Z");
    const found = plan(weekly, later, plan(weekly, MADE));
    expect(days(found).slice(0, 4)).toEqual(["2026-01-01", "2026-01-05", "2026-01-12", "2026-01-19"]);
    expect(days(found).slice(-2)).toEqual(["2026-03-02", "2026-03-09"]);
    expect(runningSeason(found, later)).toEqual({
      season: 9,
      startsAt: at("2026-02-23T00:00:00Z"),
      endsAt: at("2026-03-02T00:00:00Z"),
    });
  });

  test("adds a bounded number of instants a call, and no more than a plan holds", () => {
    const busy = board({ schedule: "0 * * * * *" });
    const first = plan(busy, MADE);
    const now = MADE + 3 * DAY;
    const next = planSeasons({ board: busy, plan: first, now });
    expect(next?.at.length).toBe(first.at.length + 500);
    expect(runningSeason(next ?? first, now)).toBeUndefined();
    const full = plan(busy, now, first);
    expect(full.at.length).toBe(INSTANTS_MAX);
    // Final seasons make room; none is left out.
    const rest = plan(busy, now, full, 1_500);
    expect([rest.first, rest.at[0]]).toEqual([1_501, MADE + 1_500 * 60e6]);
    expect(plan(busy, now, rest, 3_000).at.at(-1)).toBe(now + 24 * 60e6);
  });

  test("drops final seasons alone, and never the last", () => {
    const present = plan(weekly, MADE);
    const now = needsPlanAt(present);
    expect(planSeasons({ board: weekly, plan: present, now, finalUpTo: 1 })).toMatchObject({ first: 2 });
    expect(planSeasons({ board: weekly, plan: present, now, finalUpTo: 99 })).toMatchObject({
      first: 2,
      at: [at("2026-01-05T00:00:00Z"), at("2026-01-12T00:00:00Z"), at("2026-01-19T00:00:00Z")],
    });
  });
});

describe("another schedule", () => {
  const daily = (rev: number) => board({ schedule: "30 12 * * *" }, { rev });

  test("takes over at its next boundary that is 60 s away, or more", () => {
    const present = plan(weekly, MADE);
    const now = at("2026-01-02T12:29:00Z");
    const exactly = plan(daily(now), now, present);
    expect(exactly.at.slice(0, 3)).toEqual([MADE, at("2026-01-02T12:30:00Z"), at("2026-01-03T12:30:00Z")]);
    expect(exactly).toMatchObject({ rev: now, schedule: "30 12 * * *" });
    expect(plan(daily(now), now + 1, present).at.slice(0, 2)).toEqual([MADE, at("2026-01-03T12:30:00Z")]);
  });

  test("leaves an end that is nearer than 60 s, and replaces one that is not", () => {
    const present = plan(weekly, MADE);
    const end = at("2026-01-05T00:00:00Z");
    const near = plan(daily(MADE + 1), end - SETTLED_US + 1, present);
    expect(near.at.slice(0, 3)).toEqual([MADE, end, at("2026-01-05T12:30:00Z")]);
    const far = plan(daily(MADE + 1), end - SETTLED_US, present);
    expect(far.at.slice(0, 2)).toEqual([MADE, at("2026-01-05T12:30:00Z")]);
  });

  test("changes neither past ends nor their numbers, also those that no planner saw", () => {
    const now = at("2026-03-01T12:00:00Z");
    const changed = plan(daily(now), now, plan(weekly, MADE));
    const before = plan(weekly, now, plan(weekly, MADE));
    const past = before.at.filter((us) => us <= now);
    expect(changed.at.slice(0, past.length)).toEqual(past);
    expect(changed.at[past.length]).toBe(at("2026-03-01T12:30:00Z"));
    expect(runningSeason(changed, now)?.season).toBe(9);
  });

  test("waits, where more was missed than one call adds", () => {
    const busy = board({ schedule: "0 * * * * *" });
    const now = MADE + DAY;
    const first = planSeasons({ board: daily(now), plan: plan(busy, MADE), now });
    expect(first).toMatchObject({ rev: MADE, schedule: "0 * * * * *" });
    const done = plan(daily(now), now, first);
    expect(done).toMatchObject({ rev: now, schedule: "30 12 * * *" });
    expect(done.at.filter((us) => us <= now).length).toBe(24 * 60 + 1);
  });

  test("of a board that has not begun leaves its start", () => {
    const starts_at = "2026-03-04T12:00:00Z";
    const present = plan(board({ schedule: "0 0 * * 1", starts_at }), MADE);
    const changed = plan(board({ schedule: "0 0 * * *", starts_at }, { rev: MADE + 5 }), MADE + 5, present);
    expect(days(changed).slice(0, 3)).toEqual(["2026-03-04", "2026-03-05", "2026-03-06"]);
  });

  test("that is the same, in a definition with another title, only has another revision", () => {
    const present = plan(weekly, MADE);
    expect(planSeasons({ board: { ...weekly, rev: MADE + 9, title: "x" }, plan: present, now: MADE + 9 })).toEqual({
      ...present,
      rev: MADE + 9,
    });
  });

  test("keeps every plan growing, after any change at any time", () => {
    const schedules = ["0 0 * * 1", "30 12 * * *", "*/7 * * * *", "0 3 1 * *", "0 * * * *"];
    const seasons = [...schedules.map((schedule) => ({ schedule })), null, { ends_at: "2030-01-01T00:00:00Z" }];
    const step = fc.record({ season: fc.constantFrom(...seasons), wait: fc.integer({ min: 1, max: 4_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        let now = MADE;
        let present = plan(weekly, now);
        for (const { season, wait } of steps) {
          const settled = present.at.filter((us) => us < now + SETTLED_US);
          now += wait * 60e6 + 123_457;
          present = plan(board(season, { rev: now }), now, present, 10_000);
          const known = settled.filter((us) => us >= (present.at[0] ?? 0));
          expect(present.at.slice(0, known.length)).toEqual(known);
          expect(present.at.every((us, n) => n === 0 || us > (present.at[n - 1] ?? us))).toBe(true);
          expect(endsAhead(present, now) >= 2 || present.at.at(-1) === NO_END).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a board that was there before its seasons", () => {
  const before = planWithoutEnds(0);
  const now = at("2026-01-04T23:59:00Z");

  test("has season 0, which goes on until the planner ends it", () => {
    const none = board(null, { rev: 0, has_seasons: false });
    expect(planSeasons({ board: none, plan: before, now })).toBeUndefined();
    expect(runningSeason(before, now)).toEqual({ season: 0, startsAt: NO_START, endsAt: NO_END });
    expect(toIsoSeason({ startsAt: NO_START, endsAt: NO_END })).toEqual({ starts_at: null, ends_at: null });
    expect(nextInstants(before, now)).toEqual([]);
  });

  test.each([
    ["the next boundary that is 60 s away", null, ["2026-01-05", "2026-01-12"]],
    ["starts_at, where that is later", "2026-01-07T00:00:00Z", ["2026-01-07", "2026-01-12"]],
    ["the next boundary, where starts_at is past", "2025-01-07T00:00:00Z", ["2026-01-05", "2026-01-12"]],
  ])("begins season 1 at %s", (_, starts_at, expected) => {
    const present = plan(board({ schedule: "0 0 * * 1", starts_at }, { rev: now }), now, before);
    expect(present).toMatchObject({ first: 0, rev: now });
    expect(days(present).slice(1, 3)).toEqual(expected);
  });
});

describe("a board that has a schedule no longer", () => {
  const present = plan(weekly, MADE);

  test("keeps the season that runs, without an end, but for an end that is near", () => {
    const end = at("2026-01-05T00:00:00Z");
    const gone = board(null, { rev: MADE + 1 });
    expect(plan(gone, end - SETTLED_US, present)).toMatchObject({ first: 1, at: [MADE, NO_END] });
    expect(plan(gone, end - SETTLED_US + 1, present)).toMatchObject({ at: [MADE, end, NO_END] });
  });

  test("ends the last season where the board ends, once", () => {
    const ends_at = "2026-02-01T00:00:00Z";
    const last = plan(board({ ends_at }, { rev: MADE + 1 }), MADE + DAY, present);
    expect(last.at).toEqual([MADE, at(ends_at), NO_END]);
    expect(needsPlanAt(last)).toBe(NO_END);
    const later = plan(board({ ends_at: "2026-03-01T00:00:00Z" }, { rev: MADE + 2 }), MADE + DAY, last);
    expect(later.at).toEqual([MADE, at("2026-03-01T00:00:00Z"), NO_END]);
  });

  test("takes up seasons again, with consecutive numbers", () => {
    const gone = plan(board(null, { rev: MADE + 1 }), MADE + DAY, present);
    const again = plan(board({ schedule: "0 0 1 * *" }, { rev: MADE + 2 }), MADE + 30 * DAY, gone);
    expect(days(again)).toEqual(["2026-01-01", "2026-02-01", "2026-03-01"]);
  });
});

test("a plan comes back from its setting as it was; what is none is undefined", () => {
  const present = plan(weekly, MADE);
  expect(toPlan(JSON.parse(JSON.stringify(toPlanValue(present))))).toEqual({ ...present, at: [...present.at] });
  for (const value of [null, undefined, {}, { ...toPlanValue(present), at: ["soon", "later"] }]) {
    expect(toPlan(value)).toBeUndefined();
  }
});

test("a season runs from its start until before its end", () => {
  const present = plan(weekly, MADE);
  const [, second = 0, third = 0] = present.at;
  expect(runningSeason(present, MADE - 1)).toBeUndefined();
  expect(runningSeason(present, MADE)).toEqual({ season: 1, startsAt: MADE, endsAt: second });
  expect(runningSeason(present, second - 1)?.season).toBe(1);
  expect(runningSeason(present, second)?.season).toBe(2);
  expect(runningSeason(present, third)).toBeUndefined();
  expect(nextInstants(present, second)).toEqual([third]);
});

test("another plan withdraws an end that is announced, and an end by hand moves no other instant", () => {
  const present = plan(weekly, MADE);
  const [start = 0, end = 0, following = 0] = present.at;
  const ended = withEnd({ ...present, ending: 1 }, 1, start + DAY);
  expect(ended).toEqual({ ...present, at: [start, start + DAY, end, following] });
  expect(runningSeason(ended, start + DAY - 1)).toEqual({ season: 1, startsAt: start, endsAt: start + DAY });
  expect(runningSeason(ended, start + DAY)).toEqual({ season: 2, startsAt: start + DAY, endsAt: end });
  const next = plan(weekly, needsPlanAt(present), { ...present, ending: 1 });
  expect([next.ending, next.at.slice(0, 3)]).toEqual([undefined, [start, end, following]]);
  // The planner goes on behind the same instants.
  const extended = plan(weekly, needsPlanAt(ended), ended);
  expect(extended.at.slice(0, 4)).toEqual([...ended.at]);
});
