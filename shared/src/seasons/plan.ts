import { z } from "zod";
import { fromIsoTime, toIsoTime } from "../base/times.ts";
import type { Board } from "../model/board.ts";
import { scheduleOf } from "../model/season.ts";
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
  /** By which the instants go on. */
  schedule: string;
  zone: string;
  /**
   * Microseconds, growing, two at least: the first is the start of season `first`, and number k
   * behind it is the end of season `first + k - 1` and the start of the next.
   */
  at: readonly number[];
}

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
  first: z.int().min(1),
  schedule: z.string(),
  zone: z.string(),
  at: z.array(instant).min(2),
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

/** Whether a plan goes by the schedule that the board has now. */
export function isPlanOf({ rev, schedule, zone }: SeasonPlan, board: Pick<Board, "season" | "born">): boolean {
  const season = scheduleOf(board);
  return rev >= board.born && season?.schedule === schedule && season.zone === zone;
}

/**
 * The season that runs at a time (µs); undefined before the first one and behind the planned ones.
 */
export function runningSeason({ first, at }: SeasonPlan, now: number): RunningSeason | undefined {
  const index = at.findLastIndex((us) => us <= now);
  const [startsAt, endsAt] = [at[index], at[index + 1]];
  return startsAt === undefined || endsAt === undefined ? undefined : { season: first + index, startsAt, endsAt };
}

/** The planned instants (µs) that are still to come. */
export const nextInstants = ({ at }: SeasonPlan, now: number): number[] => at.filter((us) => us > now);
