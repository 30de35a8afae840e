import { z } from "zod";
import { fromIsoTime, toIsoTime } from "../base/times.ts";
import type { Board } from "../model/board.ts";
import { endOf, scheduleOf } from "../model/season.ts";
import type { SettingValue } from "../model/settings.ts";

/**
 * When the seasons of a board begin and end, as instants: a setting of kind `seasons`, by the id of
 * the board. The planner of the drainer writes it, and everything else goes by it: nothing else
 * evaluates a schedule.
 */
export interface SeasonPlan {
  /** Of the definition that was planned. A plan of an earlier board of the id has a lower one. */
  rev: number;
  /** The number of the season that begins at the first instant. */
  first: number;
  /** What was planned: see {@link Planned}. */
  schedule: string;
  zone: string;
  /**
   * Microseconds, growing, two at least: the first is the start of season `first`, and number k
   * behind it is the end of season `first + k - 1` and the start of the next.
   */
  at: readonly number[];
  /**
   * The season that an operator is ending: some shards may hold back writes of it. The next version
   * of the plan says whether it has ended; see `end-season.ts` of the ranker.
   */
  ending?: number | undefined;
}

/** A plan with the version (µs) of its setting: of two plans of a board the higher is the newer. */
export interface KeptPlan extends SeasonPlan {
  version: number;
}

/** By which the instants go on: the schedule of a definition, its one end, or neither. */
export type Planned = Pick<SeasonPlan, "schedule" | "zone">;

/**
 * The start (µs) of season 0: what a board had before it got a schedule. It is older than any
 * entry.
 */
export const NO_START = 1;
/** The end (µs) of a season that goes on: 2255, below the largest integer that is exact. */
export const NO_END = Date.UTC(2255, 0) * 1000;

/** The plan of a board that has entries, and no seasons yet. */
export const planWithoutEnds = (rev: number): SeasonPlan => ({
  rev,
  first: 0,
  schedule: "",
  zone: "",
  at: [NO_START, NO_END],
});

/** A season that has begun, and not ended. */
export interface RunningSeason {
  season: number;
  /** Microseconds. */
  startsAt: number;
  endsAt: number;
}

const instant = z.string().transform((text, context) => {
  const us = fromIsoTime(text);
  if (us !== undefined) return us;
  context.addIssue({ code: "custom", message: "must be a time" });
  return z.NEVER;
});

const valueSchema = z.object({
  rev: z.int().min(0),
  first: z.int().min(0),
  schedule: z.string(),
  zone: z.string(),
  at: z.array(instant).min(2),
  ending: z.int().min(0).optional(),
});

/** A plan as its setting keeps it, with ISO times. */
export const toPlanValue = ({ at, ...plan }: SeasonPlan): NonNullable<SettingValue> => ({
  ...plan,
  at: at.map(toIsoTime),
});

/**
 * The plan of a setting's value; undefined where it was deleted, or is none that a planner wrote.
 */
export const toPlan = (value: SettingValue | undefined): SeasonPlan | undefined => valueSchema.safeParse(value).data;

/** The plan that a setting of kind `seasons` has; undefined where `toPlan` finds none. */
export function toKeptPlan(setting: { version: string; value: SettingValue } | undefined): KeptPlan | undefined {
  const plan = toPlan(setting?.value);
  return plan && setting && { ...plan, version: Number(setting.version) };
}

/** What a definition says about seasons. One that has a schedule no longer ends none, or one. */
export function plannedBy(board: Pick<Board, "season">): Planned {
  const { schedule, zone } = scheduleOf(board) ?? { schedule: "", zone: "" };
  const endsAt = endOf(board);
  return { schedule: endsAt === undefined ? schedule : toIsoTime(endsAt), zone };
}

/** Whether two plans go on by the same. */
export const isSamePlan = (a: Planned, b: Planned): boolean => a.schedule === b.schedule && a.zone === b.zone;

/** Whether a plan goes by what the definition of the board says now. */
export const isPlanOf = (plan: SeasonPlan, board: Pick<Board, "season" | "born">): boolean =>
  plan.rev >= board.born && isSamePlan(plan, plannedBy(board));

/** The times of a season as ISO texts; null for one that has no start, or no end yet. */
export const toIsoSeason = ({ startsAt, endsAt }: Pick<RunningSeason, "startsAt" | "endsAt">) => ({
  starts_at: startsAt <= NO_START ? null : toIsoTime(startsAt),
  ends_at: endsAt >= NO_END ? null : toIsoTime(endsAt),
});

/**
 * The season that runs at a time (µs); undefined before the first one and behind the planned ones.
 */
export function runningSeason({ first, at }: SeasonPlan, now: number): RunningSeason | undefined {
  const index = at.findLastIndex((us) => us <= now);
  const [startsAt, endsAt] = [at[index], at[index + 1]];
  return startsAt === undefined || endsAt === undefined ? undefined : { season: first + index, startsAt, endsAt };
}

/**
 * The same plan without a season that is being ended. The instants are all there, so that no shard
 * has to change.
 */
export const withoutEnding = ({ rev, first, schedule, zone, at }: SeasonPlan): SeasonPlan => ({
  rev,
  first,
  schedule,
  zone,
  at,
});

/** The ranker that is ending a season has given up by then, or was killed. */
export const ENDING_MAX_US = 1_000_000;

/** What puts a plan in the place of one that announces an end, so that the season goes on. */
export const withdrawal = (plan: KeptPlan) => ({
  value: toPlanValue(withoutEnding(plan)),
  replaces: String(plan.version),
});

/**
 * The same plan with another end of a season. The next season begins there, and ends when the
 * season would have ended; those behind it count one more.
 *
 * @param endsAt microseconds, between the start and the end of the season
 */
export function withEnd(plan: SeasonPlan, season: number, endsAt: number): SeasonPlan {
  const place = season - plan.first + 1;
  return { ...withoutEnding(plan), at: plan.at.toSpliced(place, 0, endsAt) };
}

/** The planned instants (µs) that are still to come. */
export const nextInstants = ({ at }: SeasonPlan, now: number): number[] => at.filter((us) => us > now && us < NO_END);
