import { z } from "zod";

const rank = z.int().min(1);
const count = z.int().min(0);
const view = z.string().meta({ description: "The region that was asked for, or `GLOBAL`." });

/** What a reader who would rather have a part of the view than nothing is told beside it. */
const mayBePartial = {
  missing_regions: z.array(z.string()).optional().meta({
    description: "Regions whose entries are not counted; present where `partial=allow` was asked for.",
  }),
};

export type MayBePartial = z.infer<z.ZodObject<typeof mayBePartial>>;

const entryFields = {
  user_id: z.string(),
  name: z.string(),
  region: z.string().meta({ description: "The player's home region." }),
  score: z.int(),
  updated_at: z.iso.datetime({ precision: 6 }).meta({ description: "When the score was last written, to the µs." }),
};

/** One player's score on a board. */
export const entrySchema = z.object({
  /** 1 is the best. Null only in the answer to a write that stands but has no rank. */
  rank: rank.nullable().meta({
    description:
      "1 is the best. Null only in the answer to a write that stands, but whose rank could not be read, or whose " +
      "player is hidden.",
  }),
  ...entryFields,
});
export type Entry = z.infer<typeof entrySchema>;

export const topSchema = z.object({ region: view, total: count, entries: z.array(entrySchema), ...mayBePartial });
export type TopView = z.infer<typeof topSchema>;

export const rankSchema = z.object({
  rank: rank.meta({ description: "1 is the best." }),
  ...entryFields,
  total: count.meta({ description: "Entries of the view." }),
  percentile: z
    .number()
    .min(0)
    .max(100)
    .meta({ description: "Percent of the entries at this rank or below; 100 is the best." }),
  ...mayBePartial,
});
export type RankView = z.infer<typeof rankSchema>;

export const aroundSchema = z.object({
  region: view,
  total: count,
  self: entrySchema,
  around: z.array(entrySchema).meta({ description: "The neighbours in order, without the player." }),
  ...mayBePartial,
});
export type AroundView = z.infer<typeof aroundSchema>;

const time = z.iso.datetime({ precision: 6 });

/** All that is kept of a player, but for the hash of the password. */
export const playerRecordSchema = z.object({
  user_id: z.string(),
  account: z
    .object({
      name: z.string(),
      region: z.string(),
      has_password: z.boolean(),
      created_at: time,
      updated_at: time,
    })
    .nullable()
    .meta({ description: "Null for a player of an identity provider." }),
  hidden: z.boolean().meta({ description: "Whether operators keep the player off the boards." }),
  entries: z.array(
    z.object({
      board: z.string(),
      region: z.string(),
      name: z.string(),
      score: z.int(),
      reached_at: time,
      updated_at: time,
    }),
  ),
  waiting: z
    .array(z.string())
    .meta({ description: "Events on their way to PostgreSQL, without the hash of a password." }),
  dead: z
    .array(z.object({ at: z.string(), reason: z.string(), event: z.string() }))
    .meta({ description: "Events that PostgreSQL refused." }),
});
export type PlayerRecord = z.infer<typeof playerRecordSchema>;

/** What an erasure took away. */
export const erasedSchema = z.object({
  user_id: z.string(),
  entries: count.meta({ description: "Entries that there were, on all boards." }),
  account: z.boolean().meta({ description: "Whether there was an account." }),
});
export type ErasedPlayer = z.infer<typeof erasedSchema>;

/** Whether a player is on the boards from now on. */
export const visibilitySchema = z.object({
  user_id: z.string(),
  hidden: z.boolean(),
  boards: count.meta({ description: "Boards on which the player has a score, which is kept." }),
});
export type PlayerVisibility = z.infer<typeof visibilitySchema>;

/** The answer to a registration or a login. */
export const sessionSchema = z.object({
  token: z.string().meta({ description: "For `Authorization: Bearer`." }),
  user: z.object({ user_id: z.string(), name: z.string(), region: z.string() }),
});
export type Session = z.infer<typeof sessionSchema>;

const upstreams = z
  .array(z.object({ address: z.string(), up: z.boolean() }))
  .optional()
  .meta({ description: "Of a gateway: the rankers, and whether they take requests." });

/** The process lives. */
export const healthSchema = z.object({ status: z.literal("ok"), upstreams });
export type Health = z.infer<typeof healthSchema>;

/** Whether to send requests here. */
export const readinessSchema = z.object({
  status: z.enum(["ready", "unavailable", "stopping"]),
  upstreams,
  dependencies: z
    .array(z.object({ name: z.string(), up: z.boolean() }))
    .optional()
    .meta({ description: "Of a ranker or a drainer: its stores." }),
});
export type Readiness = z.infer<typeof readinessSchema>;
