import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { timeText } from "./events.ts";
import { invalidToken, Problem } from "./problems.ts";
import { createProvider, type ProvidedClaims, type ProviderOptions } from "./provider.ts";
import type { Topology } from "./regions.ts";
import { nameSchema, userIdSchema } from "./scores.ts";
import { checkSpelling } from "./token-spelling.ts";

/** Who a verified token says is calling. */
export interface Identity {
  userId: string;
  name: string;
  region: string;
  /** When the account was made that the token was issued for, in microseconds: another of the same id is another's. */
  account?: string | undefined;
  /** True for a player of the identity provider, who has no account here. */
  isExternal?: boolean;
}

export interface TokenOptions {
  secret: string;
  /** Verifies too, and signs nothing: the one before, or the one to come. */
  previousSecret?: string | undefined;
  issuer: string;
  audience: string;
  lifetimeSeconds: number;
  /** Lets the players of an identity provider in, too. */
  provider?: ProviderOptions | undefined;
  /** Milliseconds since the epoch; a test sets it. */
  now?: () => number;
  /** Milliseconds of a clock that only grows; a test sets it. */
  elapsed?: () => number;
  onProviderFailure?: (error: unknown) => void;
}

export interface Tokens {
  issue(identity: Identity): Promise<string>;
  /** @throws Problem `invalid_token`, and `unavailable` for a key that the identity provider cannot be asked for */
  verify(token: string): Promise<Identity>;
}

// A verification costs 170 µs, a look-up in a map less than one; 20,000 tokens are some 20 MB.
const VERIFIED_MAX = 20_000;

// What we sign says how, and nothing about where a key is to be found (kid, jku, jwk, x5u) or what else counts (crit).
const headerSchema = z.strictObject({ alg: z.literal("HS256"), typ: z.literal("JWT").optional() });

// jose accepts a token without exp or sub: here is what makes them required.
const claimsSchema = z
  .object({
    ...{ sub: userIdSchema, user_id: userIdSchema, name: nameSchema, region: z.string().min(1), exp: z.number() },
    account: timeText.optional(),
  })
  .refine((claims) => claims.sub === claims.user_id);

interface Verified {
  identity: Identity;
  expiresAtMs: number;
}

/**
 * HS256 tokens (RFC 7519), and those of an identity provider: which of the two it is, the algorithm says, and none is
 * of both. Algorithms, issuer and audience are pinned and `exp` is required: a token that leaves one out is refused, as
 * jose alone would not.
 */
export function createTokens(options: TokenOptions): Tokens {
  const { issuer, audience, lifetimeSeconds, now = Date.now } = options;
  const encoder = new TextEncoder();
  const key = encoder.encode(options.secret);
  const keys = [key, ...(options.previousSecret === undefined ? [] : [encoder.encode(options.previousSecret)])];
  const provider =
    options.provider &&
    createProvider(options.provider, { elapsed: options.elapsed, onFailure: options.onProviderFailure });
  const verified = new Map<string, Verified>();

  async function check(token: string, secret: Uint8Array): Promise<z.infer<typeof claimsSchema>> {
    checkSpelling(token);
    const { payload, protectedHeader } = await jwtVerify(token, secret, {
      algorithms: ["HS256"],
      issuer,
      audience,
      currentDate: new Date(now()),
    });
    headerSchema.parse(protectedHeader);
    return claimsSchema.parse(payload);
  }

  async function checkAny(token: string): Promise<z.infer<typeof claimsSchema>> {
    let cause: unknown;
    for (const secret of keys) {
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
      const { identity, expiresAtMs } = provider?.mayHaveSigned(token)
        ? fromProvider(await provider.verify(token, now()))
        : fromOurs(await checkAny(token));
      const oldest = verified.size >= VERIFIED_MAX ? verified.keys().next().value : undefined;
      if (oldest !== undefined) verified.delete(oldest);
      verified.set(token, { identity, expiresAtMs });
      return identity;
    },
  };
}

const fromOurs = ({ sub, name, region, account, exp }: z.infer<typeof claimsSchema>): Verified => ({
  identity: { userId: sub, name, region, account },
  expiresAtMs: exp * 1000,
});

const fromProvider = ({ sub, name, region, exp }: ProvidedClaims): Verified => ({
  identity: { userId: sub, name, region, isExternal: true },
  expiresAtMs: exp * 1000,
});

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
