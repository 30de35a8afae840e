import { z } from "zod";
import { parseTraceparent } from "../tracing/traceparent.ts";
import { nameSchema, userIdSchema } from "./scores.ts";

/**
 * What the ranker leaves in a queue and the drainer takes out. Integers are decimal strings, because Lua's JSON keeps
 * only 14 digits; times are microseconds.
 */

const integerText = z
  .string()
  .regex(/^-?\d{1,16}$/)
  .refine((text) => Number.isSafeInteger(Number(text)), "must be an integer in ±(2^53−1)");
/** A time in microseconds. */
export const timeText = integerText.refine((text) => Number(text) >= 0, "must not be negative");

/**
 * W3C `traceparent` of the request that wrote an event, where it was traced. One that is none is left out: no event is
 * refused for how it is watched.
 */
const traceparent = z
  .string()
  .refine((text) => parseTraceparent(text) !== undefined)
  .optional()
  .catch(undefined);

export const scoreEventSchema = z.object({
  board: z.string().min(1),
  user_id: userIdSchema,
  name: nameSchema,
  region: z.string().min(1).max(50),
  score: integerText,
  reached_at: timeText,
  updated_at: timeText,
  traceparent,
});
export type ScoreEvent = z.infer<typeof scoreEventSchema>;

/** A player was erased at this version: what is older is not to come back, on any board. */
export const erasureSchema = z.object({
  user_id: userIdSchema,
  /** Of the shard; nothing for the account. */
  region: z.string().min(1).max(50).optional(),
  erased: z.literal(true),
  updated_at: timeText,
});
export type Erasure = z.infer<typeof erasureSchema>;

/** A player was hidden from all boards at this version, or shown again. */
export const visibilityEventSchema = z.object({
  user_id: userIdSchema,
  region: z.string().min(1).max(50),
  hidden: z.boolean(),
  updated_at: timeText,
});
export type VisibilityEvent = z.infer<typeof visibilityEventSchema>;

const has = (event: unknown, field: string) => typeof event === "object" && event !== null && field in event;

/** Whether something read from a queue speaks of an erasure, well-formed or not. */
export const isErasure = (event: unknown): boolean => has(event, "erased");

/** The same of a change of who is seen. */
export const isVisibilityEvent = (event: unknown): boolean => has(event, "hidden");

export const PASSWORD_HASH_CHARS_MAX = 512;

export const accountEventSchema = z.object({
  user_id: userIdSchema,
  name: nameSchema,
  region: z.string().min(1).max(50),
  /** PHC string of argon2id; empty for a player without a password. */
  password_hash: z.string().max(PASSWORD_HASH_CHARS_MAX),
  created_at: timeText,
  updated_at: timeText,
});
export type AccountEvent = z.infer<typeof accountEventSchema>;
