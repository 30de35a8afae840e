import { z } from "zod";
import { nameSchema } from "../model/names.ts";
import type { Topology } from "../model/regions.ts";
import { boardSchema, metadataSchema, reasonSchema } from "../model/scores.ts";
import { parseRankingName } from "../seasons/ranking-name.ts";
import { entryFields } from "./entries.ts";
import { examples } from "./examples.ts";
import { countField, playerParams, seasonFields, timeField, totalField } from "./fields.ts";
import { nameOperations } from "./operation.ts";
import { anyPlayerFields, type OneWrite, seasonNumberSchema, writeProblems, writeSchema, written } from "./scores.ts";

/** All data about a player except the hashes of the password and the device. */
export const playerRecordSchema = z.object({
  user_id: z.string(),
  account: z
    .object({
      name: z.string(),
      region: z.string(),
      has_password: z.boolean(),
      has_device: z.boolean().meta({ description: "Whether the player came as a guest with a `device_id`." }),
      created_at: timeField,
      updated_at: timeField,
    })
    .nullable()
    .meta({ description: "Null for a player who did not register here." }),
  hidden: z.boolean().meta({ description: "Whether operators keep the player off the boards." }),
  entries: z.array(
    z.object({
      board: z.string(),
      season: seasonFields.season,
      region: z.string(),
      name: z.string(),
      score: entryFields.score,
      sub: entryFields.sub,
      metadata: entryFields.metadata,
      attempts: z.int().min(1).optional().meta({ description: "Writes of the player, on a board that counts them." }),
      reached_at: timeField,
      updated_at: timeField,
      rank: z
        .int()
        .min(1)
        .optional()
        .meta({ description: "Of a season that is final: the rank in the region at its end." }),
    }),
  ),
  next: z.string().nullable().meta({
    description: "The `cursor` that the entries of more boards are read with; null where these are the last.",
  }),
  waiting: z
    .array(z.string())
    .meta({ description: "Events on their way to PostgreSQL, without the hash of a password." }),
  dead: z
    .array(z.object({ at: z.string(), reason: z.string(), event: z.string() }))
    .meta({ description: "Events that PostgreSQL refused." }),
});
export type PlayerRecord = z.infer<typeof playerRecordSchema>;

export const RECORD_BOARDS_MAX = 100;

const playerRecordQuery = z.strictObject({
  cursor: z
    .string()
    .refine((text) => parseRankingName(text) !== undefined, "must be the next of an answer")
    .optional()
    .meta({ description: "`next` of the answer before. The answer then has no events: the first one has all." }),
  limit: countField(RECORD_BOARDS_MAX, RECORD_BOARDS_MAX, "How many boards to show entries of."),
  with: z
    .literal("archives", 'must be "archives"')
    .optional()
    .meta({ description: "Also entries of seasons that are final, each of which counts as a board." }),
});
/** The query as the client takes it. */
export type PlayerRecordQuery = Partial<z.output<typeof playerRecordQuery>>;

/** What an erasure removed. */
export const erasedSchema = z.object({
  user_id: z.string(),
  entries: totalField.meta({ description: "Entries that there were, on all boards." }),
  account: z.boolean().meta({ description: "Whether there was an account." }),
});
export type ErasedPlayer = z.infer<typeof erasedSchema>;

/** Whether a player is hidden now. */
export const visibilitySchema = z.object({
  user_id: z.string(),
  hidden: z.boolean(),
  boards: totalField.meta({ description: "Boards on which the player has a score, which is kept." }),
});
export type PlayerVisibility = z.infer<typeof visibilitySchema>;

/** The name that a player has now. */
export const renamedSchema = z.object({
  user_id: z.string(),
  name: z.string(),
  boards: totalField.meta({ description: "Boards that show the name." }),
});
export type RenamedPlayer = z.infer<typeof renamedSchema>;

/** A password that the server made. */
export const givenPasswordSchema = z.object({
  user_id: z.string(),
  password: z.string().meta({ description: "Told once, to hand on to the player." }),
});
export type GivenPassword = z.infer<typeof givenPasswordSchema>;

const operatorNameSchema = z.strictObject({ name: nameSchema, reason: reasonSchema.optional() });
export type OperatorName = z.input<typeof operatorNameSchema>;

const operatorScoreSchema = (topology: Topology) => writeSchema(anyPlayerFields(topology));
/** `score` alone, or `operation` with `value`. */
export type OperatorScore = OneWrite<z.input<ReturnType<typeof operatorScoreSchema>>>;

const operatorReasonSchema = z.strictObject({ reason: reasonSchema.optional() });
export type OperatorReason = z.input<typeof operatorReasonSchema>;

const entryParams = z.strictObject({ ...playerParams.shape, board: boardSchema });
const entryFieldsSchema = {
  name: nameSchema.optional().meta({ description: "The name of this entry, until the player's next write." }),
  metadata: metadataSchema.optional().meta({ description: "Replaces what the entry has; null clears it." }),
};
const entrySeason = "The season of the entry; the one that runs unless given.";

const entryChangeSchema = z
  .strictObject({
    ...entryFieldsSchema,
    season: seasonNumberSchema.optional().meta({ description: entrySeason }),
    reason: reasonSchema.optional(),
  })
  .superRefine(({ name, metadata }, { addIssue }) => {
    if (name !== undefined || metadata !== undefined) return;
    addIssue({ code: "custom", path: ["name"], message: "is required, or metadata" });
  });
export type EntryChange = z.input<typeof entryChangeSchema>;

const entryRemovalQuery = z.strictObject({
  season: z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .optional()
    .meta({ type: "integer", pattern: undefined, minimum: 0, description: entrySeason }),
  reason: reasonSchema.optional(),
});
/** The query as the client takes it. */
export type EntryRemoval = Partial<z.output<typeof entryRemovalQuery>>;

const changedFields = { user_id: z.string(), board: z.string(), season: seasonFields.season };
/** What an entry has now. */
export const changedEntrySchema = z.object({
  ...changedFields,
  name: z.string().optional(),
  metadata: entryFields.metadata,
});
export type ChangedEntry = z.infer<typeof changedEntrySchema>;
export const removedEntrySchema = z.object({ ...changedFields, removed: z.literal(true) });
export type RemovedEntry = z.infer<typeof removedEntrySchema>;

const entryProblems = [
  "board_not_found",
  "not_ranked",
  "season_not_found",
  "season_unknown",
  "stale_definition",
  "archives_unavailable",
  "outcome_unknown",
] as const;

const operate = {
  tag: "operators",
  limits: ["operator"],
  isProxied: true,
  params: playerParams,
  isWrite: true,
  repeat: "always",
} as const;

/** `/players/:userId…`: operators act on players, or for them. */
export const playerOperations = (topology: Topology) =>
  nameOperations({
    playerRecord: {
      ...operate,
      method: "GET",
      path: "/players/:userId",
      access: { role: "reader", boards: "all" },
      isWrite: false,
      summary: "All that is kept of a player",
      description:
        "Account, entries and events, but for the hashes of the password and the device. Entries come in the order of their boards' ids, " +
        "of 100 boards at most: `next` leads to those of others. Entries of seasons that are final come with `with=archives`.",
      query: playerRecordQuery,
      success: { 200: { description: "The record.", schema: playerRecordSchema, example: examples.playerRecord } },
      problems: ["not_found", "archives_unavailable"],
    },
    erasePlayer: {
      ...operate,
      method: "DELETE",
      path: "/players/:userId",
      access: { role: "moderator", boards: "all" },
      summary: "Erase a player",
      description:
        "In both stores. It can be repeated, and is 200 where nothing is kept of the player, too. A later " +
        "registration of the `user_id` starts clean.",
      success: { 200: { description: "Erased.", schema: erasedSchema, example: examples.erased } },
      problems: ["outcome_unknown"],
    },
    hidePlayer: {
      ...operate,
      method: "POST",
      path: "/players/:userId/hide",
      access: { role: "moderator", boards: "all" },
      summary: "Take a player off all boards",
      description:
        "The score is kept, and so is what the player goes on to write: with `rank: null`, on boards of today and later " +
        "ones. It can be repeated.",
      body: { schema: operatorReasonSchema, example: examples.hide, isOptional: true },
      success: { 200: { description: "Hidden.", schema: visibilitySchema, example: examples.hidden } },
      problems: ["not_found", "outcome_unknown"],
    },
    unhidePlayer: {
      ...operate,
      method: "POST",
      path: "/players/:userId/unhide",
      access: { role: "moderator", boards: "all" },
      summary: "Put a hidden player back",
      description: "With the score of now, and ties as if never hidden. It can be repeated.",
      body: { schema: operatorReasonSchema, example: examples.unhide, isOptional: true },
      success: { 200: { description: "Not hidden.", schema: visibilitySchema, example: examples.shown } },
      problems: ["not_found", "outcome_unknown"],
    },
    renamePlayer: {
      ...operate,
      method: "POST",
      path: "/players/:userId/rename",
      access: { role: "moderator", boards: "all" },
      summary: "Give a player another name",
      description:
        "On all boards, hidden or not. What the player goes on to write keeps the name, also with an older " +
        "token. It can be repeated.",
      body: { schema: operatorNameSchema, example: examples.rename },
      success: { 200: { description: "Renamed.", schema: renamedSchema, example: examples.renamed } },
      problems: ["not_found", "outcome_unknown"],
    },
    resetPassword: {
      ...operate,
      method: "POST",
      path: "/players/:userId/password",
      access: { role: "admin", boards: "all" },
      repeat: "never",
      summary: "Give a player a new password",
      description:
        "A random one, for a player who lost theirs or whose account was taken. Within a second the player's tokens from " +
        "before are refused, and so is the `device_id` of a guest. Who has the password can act as the player: hence admins alone.",
      body: { schema: operatorReasonSchema, example: examples.resetPassword, isOptional: true },
      success: { 200: { description: "The password.", schema: givenPasswordSchema, example: examples.givenPassword } },
      problems: ["not_found", "queue_full", "outcome_unknown"],
    },
    changeEntry: {
      ...operate,
      method: "PATCH",
      path: "/players/:userId/entries/:board",
      access: { role: "moderator", boards: "named" },
      params: entryParams,
      summary: "Change the name or the metadata of one entry",
      description:
        "Hidden or not; the score and the rank stay. The player's next write brings the player's name back. It can be " +
        "repeated. Of a season that is final the change shows a moment later.",
      body: { schema: entryChangeSchema, example: examples.entryChange },
      success: { 200: { description: "Changed.", schema: changedEntrySchema, example: examples.changedEntry } },
      problems: entryProblems,
    },
    removeEntry: {
      ...operate,
      method: "DELETE",
      path: "/players/:userId/entries/:board",
      access: { role: "moderator", boards: "named" },
      params: entryParams,
      query: entryRemovalQuery,
      summary: "Remove one entry",
      description:
        "With its attempts and metadata, from both stores; the player's entries on other boards stay, and the player's " +
        "next write makes a new one. It can be repeated, for 30 days. In a season that is final the others' ranks stay.",
      success: { 200: { description: "Removed.", schema: removedEntrySchema, example: examples.removedEntry } },
      problems: entryProblems,
    },
    writeScore: {
      ...operate,
      method: "POST",
      path: "/players/:userId/score",
      access: { role: "writer", boards: "named" },
      repeat: "keyed",
      summary: "Write a player's score",
      description:
        "For game servers: submits `score`, or sets, improves, adds or creates as `operation` says. The player need not " +
        "have registered: the first write of such a player needs `region`, unless there is only one.",
      body: { schema: operatorScoreSchema(topology), example: examples.operatorScore },
      success: { 200: written, 201: { ...written, description: "The entry that was created." } },
      problems: ["wrong_region", "entry_exists", "score_out_of_range", ...writeProblems],
    },
  });
