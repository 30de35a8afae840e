import { fromIsoTime } from "../base/times.ts";
import type { Board } from "../model/board.ts";
import { type SeasonSchedule, scheduleOf } from "../model/season.ts";
import { isSamePlan, NO_END, type Planned, plannedBy, type SeasonPlan, withoutEnding } from "./plan.ts";
import { boundariesAfter } from "./schedule.ts";

/**
 * Decides the instants of a board's seasons. A plan reaches two ends ahead at least, and a week as
 * far as {@link AHEAD_MAX} ends go: shards go by it while no planner runs.
 */

const AHEAD_MIN = 2;
const AHEAD_MAX = 24;
/**
 * Where a week has more ends than {@link AHEAD_MAX}, a plan is extended when this many are left.
 */
const AHEAD_LEAST = AHEAD_MAX / 2;
const WEEK_US = 7 * 86_400e6;

/** Every process knows an instant that is nearer, so that another schedule does not move it. */
export const SETTLED_US = 60e6;

/** Instants that one call adds: after a long time without a planner there are many. */
const ADDED_MAX = 500;
/**
 * Instants of a plan, 60 KB. A board whose seasons end, and do not become final, is planned no
 * further.
 */
export const INSTANTS_MAX = 2_000;

export interface Planning {
  board: Board;
  /** As it is; undefined for a board that has none. */
  plan: SeasonPlan | undefined;
  /** Microseconds. */
  now: number;
  /** All seasons up to this number are final, so that a plan need not have them. */
  finalUpTo?: number;
}

/**
 * The next plan to write; undefined where the present one will do, or nothing can be added to it.
 * Called again until it is: one call adds a bounded number of instants.
 */
export function planSeasons({ board, plan, now, finalUpTo = 0 }: Planning): SeasonPlan | undefined {
  if (!board.has_seasons || board.state !== "open") return undefined;
  const wanted = { rev: board.rev, ...plannedBy(board) };
  // A plan of an earlier board of the id tells nothing.
  if (plan === undefined || plan.rev < board.born) {
    const season = scheduleOf(board);
    return season && extend({ ...wanted, first: 1, at: [startOf(board, season)] }, now);
  }
  if (plan.rev === board.rev && now < needsPlanAt(plan)) return undefined;
  const present = trim(plan, finalUpTo);
  const next = isSamePlan(plan, wanted)
    ? extend({ ...present, rev: board.rev }, now)
    : replace(present, wanted, { now, startsAt: takesUp(present) ? toInstant(scheduleOf(board)?.starts_at) : 0 });
  return next.rev === plan.rev && next.at.at(-1) === plan.at.at(-1) ? undefined : next;
}

/** Whether a plan is that of a board that was there before it had a schedule. */
const takesUp = ({ first, at }: SeasonPlan) => first === 0 && at[1] === NO_END;

/** When {@link planSeasons} has to be asked again, microseconds, where the definition stays. */
export function needsPlanAt({ at }: Pick<SeasonPlan, "at">): number {
  const [last = 0, beforeLast = 0] = at.toReversed();
  if (last >= NO_END) return NO_END;
  return Math.min(beforeLast, Math.max(last - WEEK_US + 1, at.slice(1).at(-AHEAD_LEAST) ?? 0));
}

/** A board that begins when it is made begins by the clock of Redis, as its revision is. */
function startOf({ created_at, rev }: Board, { starts_at }: SeasonSchedule): number {
  const startsAt = toInstant(starts_at);
  return startsAt > toInstant(created_at) ? startsAt : rev;
}

const toInstant = (time: string | null | undefined) => (time == null ? 0 : (fromIsoTime(time) ?? 0));

/** Without the seasons that are final; the last one stays. */
function trim(plan: SeasonPlan, finalUpTo: number): SeasonPlan {
  const dropped = Math.max(0, Math.min(finalUpTo + 1 - plan.first, plan.at.length - 2));
  // An end that an operator is making has not come by then: another plan withdraws it.
  return { ...withoutEnding(plan), first: plan.first + dropped, at: plan.at.slice(dropped) };
}

const lastOf = (at: readonly number[]) => at.at(-1) ?? 0;
/** The length to which one call brings a plan at the most. */
const lengthMax = ({ at }: SeasonPlan) => Math.max(at.length, Math.min(at.length + ADDED_MAX, INSTANTS_MAX));

/** The instants behind another one that end a season. One that does not end has the last. */
function* instantsAfter({ schedule, zone }: Planned, after: number): Generator<number, void> {
  if (after >= NO_END) return;
  const endsAt = schedule === "" ? undefined : fromIsoTime(schedule);
  if (schedule !== "" && endsAt === undefined) return yield* boundariesAfter({ schedule, zone }, after);
  // The board takes no write from its end on; the season may end a moment later.
  if (endsAt !== undefined) yield Math.max(endsAt, after + 1);
  yield NO_END;
}

/**
 * Adds what the schedule has behind the last instant, and behind `from`, until it reaches far
 * enough.
 */
function extend(plan: SeasonPlan, now: number, from = 0): SeasonPlan {
  const at = [...plan.at];
  for (const next of instantsAfter(plan, Math.max(lastOf(at), from))) {
    const ahead = at.filter((us, index) => index > 0 && us > now).length;
    const isFar = ahead >= AHEAD_MIN && lastOf(at) >= now + WEEK_US;
    if (isFar || ahead >= AHEAD_MAX || at.length >= lengthMax(plan)) break;
    at.push(next);
  }
  return { ...plan, at };
}

/**
 * Lets another schedule take over. The present one holds for the instants that are past or near;
 * where a call does not reach those, it leaves the rest to the next.
 */
function replace(
  plan: SeasonPlan,
  wanted: Planned & Pick<SeasonPlan, "rev">,
  { now, startsAt }: { now: number; startsAt: number },
): SeasonPlan {
  const from = now + SETTLED_US;
  // The first instant begins a season, and stays.
  const at = plan.at.filter((us, index) => index === 0 || us < from);
  for (const next of instantsAfter(plan, lastOf(plan.at))) {
    if (next >= from) break;
    if (at.length >= lengthMax(plan)) return { ...plan, at };
    at.push(next);
  }
  if (startsAt >= from) at.push(startsAt);
  return extend({ ...plan, ...wanted, at }, now, from - 1);
}
