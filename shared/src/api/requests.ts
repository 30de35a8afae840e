import { z } from "zod";
import { newPasswordSchema, triedPasswordSchema } from "../auth/credentials.ts";
import type { Topology } from "../model/regions.ts";
import {
  boardSchema,
  nameSchema,
  reasonSchema,
  regionSchema,
  scoreSchema,
  userIdSchema,
  viewSchema,
} from "../model/scores.ts";

export const LIMIT_MAX = 1000;
export const RANGE_MAX = 100;
export const LIMIT_DEFAULT = 100;
export const RANGE_DEFAULT = 10;
const LIVE_LIMIT_MAX = 100;

/** A count in a query: plain digits, so that `0x10`, `1e3` and `+5` are refused. */
const count = (max: number, missing: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, `must be from 1 to ${max}`)
    .default(missing)
    .meta({ type: "integer", pattern: undefined, minimum: 1, maximum: max, description });

/** Whether it may be left out, a deployment decides when it starts; its type leaves that open. */
const optionalUnless = <S extends z.ZodType>(isRequired: boolean, schema: S) =>
  (isRequired ? schema : schema.optional()) as z.ZodOptional<S>;

/** What every route takes, in a deployment's closed sets: the ranker parses by these, the OpenAPI document shows them. */
export function requestSchemas(topology: Topology, passwordsRequired: boolean) {
  const region = regionSchema(topology);
  const written = {
    board: boardSchema(topology),
    region: region.optional().meta({ description: "The player's home region; another one is refused." }),
  };
  const view = { region: viewSchema(topology), board: boardSchema(topology) };
  const read = {
    ...view,
    partial: z.literal("allow", 'must be "allow"').optional().meta({
      description: "Rather a part of the view than nothing, while a region of it does not answer.",
    }),
  };
  return {
    registration: z.strictObject({
      user_id: userIdSchema,
      name: nameSchema,
      region,
      initialScore: scoreSchema.optional(),
      password: optionalUnless(passwordsRequired, newPasswordSchema),
    }),
    credentials: z.strictObject({
      user_id: userIdSchema,
      name: nameSchema.optional(),
      region: region.optional(),
      password: optionalUnless(passwordsRequired, triedPasswordSchema),
    }),
    createScore: z.strictObject({ ...written, initialScore: scoreSchema }),
    setScore: z.strictObject({ ...written, score: scoreSchema }),
    addScore: z.strictObject({ ...written, delta: scoreSchema }),
    operatorScore: z.strictObject({
      operation: z.enum(["set", "add", "create"], "must be one of set, add, create"),
      value: scoreSchema.meta({ description: "The score, or for `add` what is added." }),
      board: boardSchema(topology),
    }),
    operatorReason: z.strictObject({ reason: reasonSchema.optional() }),
    player: z.strictObject({ userId: userIdSchema }),
    topQuery: z.strictObject({
      ...read,
      limit: count(LIMIT_MAX, LIMIT_DEFAULT, "How many entries, from the best on."),
    }),
    rankQuery: z.strictObject(read),
    liveQuery: z.strictObject({ ...view, limit: count(LIVE_LIMIT_MAX, 20, "How many entries, from the best on.") }),
    liveRankQuery: z.strictObject(view),
    aroundQuery: z.strictObject({
      ...read,
      range: count(RANGE_MAX, RANGE_DEFAULT, "How many neighbours above, and below."),
    }),
  };
}

type Requests = ReturnType<typeof requestSchemas>;
export type Registration = z.input<Requests["registration"]>;
export type Credentials = z.input<Requests["credentials"]>;
export type CreateScore = z.input<Requests["createScore"]>;
export type SetScore = z.input<Requests["setScore"]>;
export type AddScore = z.input<Requests["addScore"]>;
export type OperatorScore = z.input<Requests["operatorScore"]>;
export type OperatorReason = z.input<Requests["operatorReason"]>;
/** As a caller thinks of them: counts are numbers, and everything has a default. */
export type TopQuery = Partial<z.output<Requests["topQuery"]>>;
export type RankQuery = Partial<z.output<Requests["rankQuery"]>>;
export type AroundQuery = Partial<z.output<Requests["aroundQuery"]>>;
export type LiveQuery = Partial<z.output<Requests["liveQuery"]>>;
export type LiveRankQuery = Partial<z.output<Requests["liveRankQuery"]>>;

/** The header that makes a write safe to repeat. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 visible ASCII characters");
