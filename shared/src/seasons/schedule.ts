import { Cron, CronPattern } from "croner";

/** Cron schedules in a time zone. The planner alone evaluates one; other code only checks it. */

export interface Schedule {
  /** Five fields of cron, or six with the seconds first. */
  schedule: string;
  /** IANA name. */
  zone: string;
}

const MODE = "5-or-6-parts";
const PATTERN = { mode: MODE } as const;

/** Some four centuries repeat the calendar: what does not come after this instant never comes. */
const LONG_AGO = new Date("2000-01-01T00:00:00Z");

export const NO_SCHEDULE = 'must be a schedule of cron, such as "0 0 * * 1"';

/** One blank between two fields, so that equal schedules have the same text. */
export const tidySchedule = (text: string): string => text.trim().replace(/\s+/g, " ");

/** What is wrong with a schedule; undefined where nothing is. */
export function faultOfSchedule(text: string): string | undefined {
  // The nicknames of the library, such as @weekly, are not cron.
  if (!/^[^@ ]+( [^ ]+){4,5}$/.test(text)) return "must have the 5 fields of cron, or 6 with the seconds first";
  try {
    const cron = new Cron(text, { timezone: "UTC", paused: true, mode: MODE });
    return cron.nextRun(LONG_AGO) === null ? "must name a time that comes" : undefined;
  } catch {
    return NO_SCHEDULE;
  }
}

/** Whether a text is the name of a time zone that this process knows. An offset is none. */
export function isZone(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }) !== undefined;
  } catch {
    return false;
  }
}

const namesOf = (set: readonly number[]) => [...set.keys()].filter((value) => set[value] === 1);
const isEvery = (set: readonly number[]) => set.every((value) => value === 1);

/**
 * Croner treats a clock that is set as users expect only for schedules that it takes for times of
 * the day. It looks at the spelling: one with a step or a star is none, and would skip a boundary
 * in a gap, or repeat it. So all times are spelled out here; a schedule of every hour has a star
 * for the hours, and goes on hour by hour.
 */
function spellOut(schedule: string): string {
  const { second, minute, hour } = new CronPattern(schedule, undefined, PATTERN);
  const hours = isEvery(hour) ? "*" : namesOf(hour).join(",");
  return [namesOf(second).join(","), namesOf(minute).join(","), hours, ...schedule.split(" ").slice(-3)].join(" ");
}

/**
 * The instants (µs) of a schedule behind another one, in their order. A time of the day that the
 * zone's clock skips comes at the first instant behind the gap; one that the clock shows twice
 * comes the first time alone. A schedule of every hour goes on through both.
 */
export function* boundariesAfter({ schedule, zone }: Schedule, after: number): Generator<number, void> {
  const cron = new Cron(spellOut(schedule), {
    timezone: zone,
    paused: true,
    mode: MODE,
    fixedTimeRule: "no-wildcard",
  });
  let last = new Date(Math.floor(after / 1000));
  for (;;) {
    const next = cron.nextRun(last);
    if (next === null) return;
    yield next.getTime() * 1000;
    last = next;
  }
}
