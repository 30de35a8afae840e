import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { invalidToken, Problem } from "../api/problems.ts";
import { makeRoom } from "../base/make-room.ts";
import { timeText } from "../model/events.ts";
import type { Topology } from "../model/regions.ts";
import { nameSchema, userIdSchema } from "../model/scores.ts";
import { createProvider, type ProvidedClaims, type Provider, type ProviderOptions } from "./provider.ts";
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

/** Somebody who runs the service, or a game server: acts for players, and is none. */
export interface Operator {
  name: string;
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
  issueOperator(operator: Operator, lifetimeSeconds: number): Promise<string>;
  /**
   * @throws Problem `invalid_token`, `forbidden` for an operator's token, and `unavailable` for a key that the identity
   *   provider cannot be asked for
   */
  verify(token: string): Promise<Identity>;
  /** @throws Problem as {@link verify} does, `forbidden` for a player's token */
  verifyOperator(token: string): Promise<Operator>;
}

// A verification costs 170 µs, a look-up in a map less than one; 20,000 tokens are some 20 MB.
const VERIFIED_MAX = 20_000;

// What we sign says how, and nothing about where a key is to be found (kid, jku, jwk, x5u) or what else counts (crit).
const headerSchema = z.strictObject({ alg: z.literal("HS256"), typ: z.literal("JWT").optional() });

// jose accepts a token without exp or sub: here is what makes them required.
const playerSchema = z
  .object({
    sub: userIdSchema,
    user_id: userIdSchema,
    name: nameSchema,
    region: z.string().min(1),
    exp: z.number(),
    account: timeText.optional(),
    role: z.undefined().optional(),
  })
  .refine((claims) => claims.sub === claims.user_id);

export const OPERATOR = "operator";
export const operatorNameSchema = z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ @ -");

// An operator is no player: a token that says both is neither's.
const never = z.undefined().optional();
const operatorSchema = z.object({
  sub: operatorNameSchema,
  role: z.literal(OPERATOR),
  exp: z.number(),
  user_id: never,
  region: never,
  account: never,
});
const claimsSchema = z.union([playerSchema, operatorSchema]);
type Claims = z.infer<typeof claimsSchema>;

/** Whom a token speaks for: one of the two. */
interface Verified {
  identity?: Identity;
  operator?: Operator;
  expiresAtMs: number;
  /** Of the provider's keys that it was verified with. */
  generation?: number;
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

  async function check(token: string, secret: Uint8Array): Promise<Claims> {
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

  async function checkAny(token: string): Promise<Claims> {
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

  function sign(subject: string, claims: JWTPayload, seconds: number): Promise<string> {
    const issuedAt = Math.floor(now() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setSubject(subject)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + seconds)
      .sign(key);
  }

  async function verifyProvided(by: Provider, token: string): Promise<Verified> {
    const { generation } = by; // of before: the keys may change meanwhile
    return fromProvider(await by.verify(token, now()), generation);
  }

  async function verifyAny(token: string): Promise<Verified> {
    const known = verified.get(token);
    if (known?.generation !== undefined) await provider?.keepFresh();
    if (known !== undefined && known.expiresAtMs > now() && isCurrent(known)) return known;
    verified.delete(token);
    const caller = provider?.mayHaveSigned(token)
      ? await verifyProvided(provider, token)
      : fromOurs(await checkAny(token));
    makeRoom(verified, VERIFIED_MAX);
    verified.set(token, caller);
    return caller;
  }

  /** False once the provider's keys are others than those that verified it: its key may have been withdrawn. */
  const isCurrent = ({ generation }: Verified) => generation === undefined || generation === provider?.generation;

  return {
    issue: ({ userId, name, region, account }) =>
      sign(userId, { user_id: userId, name, region, account }, lifetimeSeconds),
    issueOperator: ({ name }, seconds) => sign(name, { role: OPERATOR }, seconds),

    async verify(token) {
      const { identity } = await verifyAny(token);
      if (identity !== undefined) return identity;
      throw new Problem("forbidden", "This route is for players; the token is an operator's.");
    },

    async verifyOperator(token) {
      const { operator } = await verifyAny(token);
      if (operator !== undefined) return operator;
      throw new Problem("forbidden", "This route is for operators; the token is a player's.");
    },
  };
}

function fromOurs(claims: Claims): Verified {
  const expiresAtMs = claims.exp * 1000;
  if (claims.role === OPERATOR) return { operator: { name: claims.sub }, expiresAtMs };
  const { sub, name, region, account } = claims;
  return { identity: { userId: sub, name, region, account }, expiresAtMs };
}

const fromProvider = ({ sub, name, region, exp }: ProvidedClaims, generation: number): Verified => ({
  identity: { userId: sub, name, region, isExternal: true },
  expiresAtMs: exp * 1000,
  generation,
});

/**
 * The token of an `Authorization: Bearer` header (RFC 6750).
 *
 * @throws Problem `missing_token`
 */
function readBearer(authorization: string | null | undefined): string {
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
  authorization: string | null | undefined,
): Promise<Identity> {
  const identity = await tokens.verify(readBearer(authorization));
  if (regions.includes(identity.region)) return identity;
  throw invalidToken("The token names a region that is not configured here. Log in again.");
}

/**
 * Which operator calls.
 *
 * @throws Problem `missing_token`, `invalid_token`, `forbidden`
 */
export async function identifyOperator(tokens: Tokens, authorization: string | null | undefined): Promise<Operator> {
  return tokens.verifyOperator(readBearer(authorization));
}
