import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { invalidToken } from "../api/problems.ts";
import { BOARD_ID } from "../model/board-id.ts";
import { timeText } from "../model/events.ts";
import { keptNameSchema } from "../model/names.ts";
import { ROLES } from "../model/roles.ts";
import { userIdSchema } from "../model/scores.ts";
import { toFailedCheck } from "./failed-check.ts";
import { checkSpelling } from "./token-spelling.ts";

const ALGORITHM = "HS256";
/** The `role` of an admin's token that is not listed, and so cannot be revoked. */
export const OPERATOR = "operator";
export const operatorNameSchema = z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ @ -");

// Our tokens never say where a key is (kid, jku, jwk, x5u) or which extensions are critical (crit).
const headerSchema = z.strictObject({ alg: z.literal(ALGORITHM), typ: z.literal("JWT").optional() });

const absent = z.undefined().optional();

const playerClaimsSchema = z
  .object({
    sub: userIdSchema,
    user_id: userIdSchema,
    name: keptNameSchema,
    region: z.string().min(1),
    exp: z.number(),
    account: timeText.optional(),
    password_at: timeText.optional(),
    iat: z.number().optional(),
    auth_time: z.number().optional(),
    role: absent,
  })
  .refine((claims) => claims.sub === claims.user_id);

const unlistedOperatorClaimsSchema = z.object({
  sub: operatorNameSchema,
  role: z.literal(OPERATOR),
  exp: z.number(),
  user_id: absent,
  region: absent,
  account: absent,
  boards: absent,
});

export const TOKEN_ID = /^[0-9a-f]{16}$/;
/** 32 names of 32 characters are some 1,500 characters of a token. */
export const TOKEN_BOARDS_MAX = 32;
const boardsClaim = z
  .array(z.string().regex(BOARD_ID))
  .min(1)
  .max(TOKEN_BOARDS_MAX)
  .refine((boards) => new Set(boards).size === boards.length);

/**
 * The role stands in `role` itself, which releases without roles refuse. With a claim of its own
 * they would take a reader's token for an admin's while a deployment is updated.
 */
const listedOperatorClaimsSchema = unlistedOperatorClaimsSchema.extend({
  role: z.enum(ROLES),
  jti: z.string().regex(TOKEN_ID),
  boards: boardsClaim.optional(),
});

/**
 * The claims of a player's or of an operator's token; a token with claims of both is refused. jose
 * accepts a token without `exp` and `sub`, so the schemas require them.
 */
const claimsSchema = z.union([playerClaimsSchema, unlistedOperatorClaimsSchema, listedOperatorClaimsSchema]);
export type OwnClaims = z.infer<typeof claimsSchema>;

export interface OwnTokenOptions {
  secret: string;
  /** Verifies only: the secret before a change, or the one to come. */
  previousSecret?: string | undefined;
  issuer: string;
  audience: string;
}

/** HS256 tokens (RFC 7519) that this deployment signs itself. */
export interface OwnTokens {
  sign(subject: string, claims: JWTPayload, lifetimeSeconds: number): Promise<string>;
  /** @throws Problem `invalid_token` */
  verify(token: string): Promise<OwnClaims>;
}

/**
 * Pins algorithm, issuer and audience: without these options jose accepts HS512 and any issuer.
 *
 * @param now milliseconds since the epoch
 */
export function createOwnTokens(options: OwnTokenOptions, now: () => number): OwnTokens {
  const { secret, previousSecret, issuer, audience } = options;
  const signingKey = new TextEncoder().encode(secret);
  const keys = [signingKey];
  if (previousSecret !== undefined) keys.push(new TextEncoder().encode(previousSecret));

  async function verifyWith(key: Uint8Array, token: string): Promise<OwnClaims> {
    checkSpelling(token);
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      issuer,
      audience,
      currentDate: new Date(now()),
    });
    headerSchema.parse(protectedHeader);
    return claimsSchema.parse(payload);
  }

  return {
    sign(subject, claims, lifetimeSeconds) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
        .setSubject(subject)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(signingKey);
    },

    async verify(token) {
      let cause: unknown;
      for (const key of keys) {
        try {
          return await verifyWith(key, token);
        } catch (error) {
          cause ??= error;
        }
      }
      throw invalidToken("The token is not valid here, or has expired. Log in again.", toFailedCheck(cause));
    },
  };
}
