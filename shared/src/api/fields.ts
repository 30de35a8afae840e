import { z } from "zod";
import type { Topology } from "../model/regions.ts";
import { boardSchema, userIdSchema, viewSchema } from "../model/scores.ts";
import { type ProblemCode, problemStatus } from "./problems.ts";

/** A count in a query: plain digits, so that `0x10`, `1e3` and `+5` are refused. */
export const countField = (max: number, missing: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, `must be from 1 to ${max}`)
    .default(missing)
    .meta({ type: "integer", pattern: undefined, minimum: 1, maximum: max, description });

/** A field that the deployment's settings may require; its type is optional in any case. */
export const optionalUnless = <S extends z.ZodType>(isRequired: boolean, schema: S) =>
  (isRequired ? schema : schema.optional()) as z.ZodOptional<S>;

/** The view of a read: a region or `GLOBAL`, and a board. */
export const viewFields = (topology: Topology) => ({ region: viewSchema(topology), board: boardSchema });

/** How ranks count equal entries: 1, 2, 3, 4 or 1, 2, 2, 4. */
export const tiesField = z
  .enum(["arrival", "shared"], "must be arrival or shared")
  .default("arrival")
  .meta({
    description:
      "How equal scores rank: `arrival` ranks the player who reached the score first ahead, 1, 2, 3, 4; `shared` gives them one " +
      "rank, 1, 2, 2, 4. The order of entries is the same.",
  });
export type Ties = z.output<typeof tiesField>;

export const playerParams = z.strictObject({ userId: userIdSchema });

/** The header that makes a write safe to repeat. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 visible ASCII characters");
/** The ranker keeps the answer to a key for at least this time, and at most for twice this time. */
export const ANSWER_KEPT_SECONDS = 24 * 3600;

/** What every answer of a board with seasons says; absent on other boards. */
export const seasonFields = {
  season: z.int().min(0).optional().meta({
    description: "The season's number, on a board that has seasons. 0 is what was there before the first.",
  }),
  starts_at: z.iso.datetime({ precision: 6 }).nullable().optional().meta({
    description: "When that season begins; null for season 0.",
  }),
  ends_at: z.iso.datetime({ precision: 6 }).nullable().optional().meta({
    description: "When it ends, as far as is planned; null for one that goes on.",
  }),
};

export const totalField = z.int().min(0);
export const timeField = z.iso.datetime({ precision: 6 });

/** The code of a problem. A later release may have further ones. */
export const problemCodeSchema = z
  .enum(Object.keys(problemStatus) as [ProblemCode, ...ProblemCode[]])
  .meta({ description: "Stable: what a program goes by." });

/** The refusal of one of several things that a call asks for: what it would be answered alone. */
export const itemProblemFields = {
  status: z.int().min(400).max(599),
  code: problemCodeSchema,
  detail: z.string(),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .meta({ description: "The fields, as the request has them: `items.3.score`." }),
  retry_after: z.int().min(0).optional().meta({ description: "Seconds, of what may be sent again." }),
};
export type ItemProblem = z.infer<z.ZodObject<typeof itemProblemFields>>;
