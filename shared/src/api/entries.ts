import { z } from "zod";
import { timeField } from "./fields.ts";

export const rankField = z.int().min(1);

/** The fields of an entry in every answer. */
export const entryFields = {
  user_id: z.string(),
  name: z.string(),
  region: z.string().meta({ description: "The player's home region." }),
  score: z.int(),
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
