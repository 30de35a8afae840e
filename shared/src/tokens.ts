import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { timeText } from "./events.ts";
import { Problem } from "./problems.ts";
import type { Topology } from "./regions.ts";
import { nameSchema, userIdSchema } from "./scores.ts";
import { hasUniqueNames } from "./unique-names.ts";

/** Who a verified token says is calling. */
export interface Identity {
  userId: string;
  name: string;
  region: string;
  /** When the account was made that the token was issued for, in microseconds: another of the same id is another's. */
  account?: string | undefined;
}

export interface TokenOptions {
  secret: string;
  /** Verifies too, and signs nothing: the one before, or the one to come. */
  previousSecret?: string | undefined;
  issuer: string;
  audience: string;
  lifetimeSeconds: number;
  /** Milliseconds since the epoch; a test sets it. */
  now?: () => number;
}

export interface Tokens {
  issue(identity: Identity): Promise<string>;
  /** @throws Problem `invalid_token` */
  verify(token: string): Promise<Identity>;
}

// A verification costs 170 µs, a look-up in a map less than one; 20,000 tokens are some 20 MB.
const VERIFIED_MAX = 20_000;
// Ours have some 300 characters; no server takes headers that are much longer than this.
const TOKEN_CHARACTERS_MAX = 8 * 1024;

// What we sign says how, and nothing about where a key is to be found (kid, jku, jwk, x5u) or what else counts (crit).
const headerSchema = z.strictObject({ alg: z.literal("HS256"), typ: z.literal("JWT").optional() });

// jose accepts a token without exp or sub: here is what makes them required.
const claimsSchema = z
  .object({
    ...{ sub: userIdSchema, user_id: userIdSchema, name: nameSchema, region: z.string().min(1), exp: z.number() },
    account: timeText.optional(),
  })
  .refine((claims) => claims.sub === claims.user_id);

/**
 * HS256 tokens (RFC 7519). Algorithm, issuer and audience are pinned and `exp` is required: a token that leaves one
 * out is refused, as jose alone would not.
 */
export function createTokens(options: TokenOptions): Tokens {
  const { issuer, audience, lifetimeSeconds, now = Date.now } = options;
  const encoder = new TextEncoder();
  const key = encoder.encode(options.secret);
  const keys = [key, ...(options.previousSecret === undefined ? [] : [encoder.encode(options.previousSecret)])];
  const verified = new Map<string, { identity: Identity; expiresAtMs: number }>();

  async function check(token: string, secret: Uint8Array): Promise<z.infer<typeof claimsSchema>> {
    const { payload, protectedHeader } = await jwtVerify(token, secret, {
      algorithms: ["HS256"],
      issuer,
      audience,
      currentDate: new Date(now()),
    });
    headerSchema.parse(protectedHeader);
    checkSpelling(token);
    return claimsSchema.parse(payload);
  }

  async function checkAny(token: string): Promise<z.infer<typeof claimsSchema>> {
    let cause: unknown;
    for (const secret of token.length > TOKEN_CHARACTERS_MAX ? [] : keys) {
      try {
        return await check(token, secret);
      } catch (error) {
        cause ??= error;
      }
    }
    throw invalidToken("The token is not valid here, or has expired. Log in again.", cause);
  }

  return {
    issue({ userId, name, region, account }) {
      const issuedAt = Math.floor(now() / 1000);
      return new SignJWT({ user_id: userId, name, region, account })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key);
    },

    async verify(token) {
      const known = verified.get(token);
      if (known !== undefined && known.expiresAtMs > now()) return known.identity;
      verified.delete(token);
      const claims = await checkAny(token);
      const identity = { userId: claims.sub, name: claims.name, region: claims.region, account: claims.account };
      const oldest = verified.size >= VERIFIED_MAX ? verified.keys().next().value : undefined;
      if (oldest !== undefined) verified.delete(oldest);
      verified.set(token, { identity, expiresAtMs: claims.exp * 1000 });
      return identity;
    },
  };
}

/** The problem of a token that is refused, with the challenge of RFC 6750. */
export function invalidToken(detail: string, cause?: unknown): Problem {
  return new Problem("invalid_token", detail, {
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
    cause,
  });
}

/**
 * Refuses what the parsers let pass: base64url with padding or odd last bits, which makes many tokens of one, and JSON
 * that names something twice.
 *
 * @throws Error
 */
function checkSpelling(token: string): void {
  const parts = token.split(".");
  const bytes = parts.map((part) => Buffer.from(part, "base64url"));
  if (parts.some((part, i) => bytes[i]?.toString("base64url") !== part)) throw new Error("not plain base64url");
  if (!bytes.slice(0, 2).every((json) => hasUniqueNames(json.toString()))) throw new Error("a name is given twice");
}

/**
 * The token of an `Authorization: Bearer` header (RFC 6750).
 *
 * @throws Problem `missing_token`
 */
function readBearer(authorization: string | undefined): string {
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) {
    throw new Problem("missing_token", "This route needs the header Authorization: Bearer <token>.");
  }
  return token;
}

/**
 * Who calls, by the `Authorization` header alone.
 *
 * @throws Problem `missing_token`, or `invalid_token`, also for a region that is not configured any more
 */
export async function identify(
  tokens: Tokens,
  { regions }: Topology,
  authorization: string | undefined,
): Promise<Identity> {
  const identity = await tokens.verify(readBearer(authorization));
  if (regions.includes(identity.region)) return identity;
  throw invalidToken("The token names a region that is not configured here. Log in again.");
}
