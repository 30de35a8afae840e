import { z } from "zod";
import { metadataSchema } from "../model/scores.ts";
import { seasonFields, timeField } from "./fields.ts";

export const rankField = z.int().min(1);

/** The fields of an entry in every answer. */
export const entryFields = {
  user_id: z.string(),
  name: z.string(),
  region: z.string().meta({ description: "The player's home region." }),
  score: z.number().meta({ description: "With as many decimals as the board has." }),
  sub: z.int().min(0).optional().meta({ description: "The sub-score, on a board that has them." }),
  tier: z.string().nullable().optional().meta({
    description: "On a board that has tiers; null behind the last one, and where the rank is.",
  }),
  metadata: metadataSchema
    .optional()
    .meta({ description: "Where `with=metadata` asks for it; null where there is none." }),
  updated_at: timeField.meta({ description: "When the score was last written, to the µs." }),
};

/** One player's score on a board. */
export const entrySchema = z.object({
  /** 1 is the best. Null only in the answer to a write that stands but has no rank. */
  rank: rankField.nullable().meta({
    description:
      "1 is the best. Null only in the answer to a write that stands, but whose rank could not be read, or whose " +
      "player is hidden.",
  }),
  ...entryFields,
});
export type Entry = z.infer<typeof entrySchema>;

/** An entry as a write has left it. */
export const writtenEntrySchema = entrySchema.extend({
  changed: z.boolean().meta({
    description:
      "Whether the score or the sub-score is another than before. `best` writes nothing where it is not better.",
  }),
  previous: z
    .object({ score: entryFields.score, rank: rankField.nullable() })
    .nullable()
    .meta({ description: "The entry before the write; null where there was none." }),
  ...seasonFields,
});
export type WrittenEntry = z.infer<typeof writtenEntrySchema>;
