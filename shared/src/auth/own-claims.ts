import { z } from "zod";
import { timeText } from "../model/events.ts";
import { nameSchema, userIdSchema } from "../model/scores.ts";

export const OPERATOR = "operator";
export const operatorNameSchema = z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ @ -");

// Our tokens never say where a key is (kid, jku, jwk, x5u) or which extensions are critical (crit).
export const ownHeaderSchema = z.strictObject({ alg: z.literal("HS256"), typ: z.literal("JWT").optional() });

const absent = z.undefined().optional();

const playerClaimsSchema = z
  .object({
    sub: userIdSchema,
    user_id: userIdSchema,
    name: nameSchema,
    region: z.string().min(1),
    exp: z.number(),
    account: timeText.optional(),
    role: absent,
  })
  .refine((claims) => claims.sub === claims.user_id);

const operatorClaimsSchema = z.object({
  sub: operatorNameSchema,
  role: z.literal(OPERATOR),
  exp: z.number(),
  user_id: absent,
  region: absent,
  account: absent,
});

/**
 * The claims of a player's or of an operator's token. A token with claims of both is refused. The
 * schemas are what makes `exp` and `sub` required: jose accepts a token without them.
 */
export const ownClaimsSchema = z.union([playerClaimsSchema, operatorClaimsSchema]);
export type OwnClaims = z.infer<typeof ownClaimsSchema>;
