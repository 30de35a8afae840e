import { z } from "zod";
import { fromIsoTime, toIsoTime } from "../base/times.ts";
import { faultOfSchedule, isZone, NO_SCHEDULE, tidySchedule } from "../seasons/schedule.ts";

/** What a definition says about time: nothing, when the board ends, or when its seasons end. */

const SCHEDULE_CHARACTERS_MAX = 100;
const ZONE_CHARACTERS_MAX = 64;
/** Archived seasons of a board. */
const KEEP_MAX = 100_000;
const KEEP = `must be an integer from 0 to ${KEEP_MAX}, or null`;

const isInstant = (us: number | undefined): us is number => us !== undefined && us > 0 && us <= Number.MAX_SAFE_INTEGER;

/** A time with any offset; kept in UTC, with six digits behind the second. */
const instantSchema = z
  .string()
  .refine((text) => isInstant(fromIsoTime(text)), "must be a time such as 2026-12-07T00:00:00+01:00")
  .overwrite((text) => {
    const us = fromIsoTime(text);
    return isInstant(us) ? toIsoTime(us) : text;
  })
  .meta({ format: "date-time" });

const scheduleSchema = z
  .string(NO_SCHEDULE)
  .max(SCHEDULE_CHARACTERS_MAX, `must have no more than ${SCHEDULE_CHARACTERS_MAX} characters`)
  .overwrite(tidySchedule)
  .superRefine((text, context) => {
    const message = text.length > SCHEDULE_CHARACTERS_MAX ? undefined : faultOfSchedule(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .meta({
    description: "When one season ends and the next begins: the 5 fields of cron, or 6 with the seconds first.",
  });

const endSchema = z.strictObject({
  ends_at: instantSchema.meta({ description: "From then on writes are refused; reads go on." }),
});

const seasonsSchema = z.strictObject({
  schedule: scheduleSchema,
  zone: z
    .string()
    .max(ZONE_CHARACTERS_MAX, `must have no more than ${ZONE_CHARACTERS_MAX} characters`)
    .refine(isZone, "must be the name of a time zone, such as Europe/Paris")
    .default("UTC")
    .meta({ description: "The time zone of the schedule, by its IANA name." }),
  starts_at: instantSchema
    .nullable()
    .default(null)
    .meta({ description: "When the first season begins; when the board is made, where it is null or earlier." }),
  keep: z
    .int(KEEP)
    .min(0, KEEP)
    .max(KEEP_MAX, KEEP)
    .nullable()
    .default(null)
    .meta({ description: "How many of the last seasons stay after their end; null for all." }),
});

/** The `season` of a definition. */
export const seasonSchema = z
  .xor([endSchema, seasonsSchema])
  .nullable()
  .meta({ description: "When the board ends, or the schedule of its seasons; null for a board without either." });

export type Season = NonNullable<z.output<typeof seasonSchema>>;
/** The seasons of a board that has them again and again. */
export type SeasonSchedule = z.output<typeof seasonsSchema>;

/** Undefined for a board without a schedule. */
export const scheduleOf = ({ season }: { season: Season | null }): SeasonSchedule | undefined =>
  season !== null && "schedule" in season ? season : undefined;

/** The instant (µs) from which on writes are refused; undefined for a board without an end. */
export const endOf = ({ season }: { season: Season | null }): number | undefined =>
  season !== null && "ends_at" in season ? fromIsoTime(season.ends_at) : undefined;
