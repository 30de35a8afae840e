import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { invalidToken } from "../api/problems.ts";
import { type OwnClaims, ownClaimsSchema, ownHeaderSchema } from "./own-claims.ts";
import { checkSpelling } from "./token-spelling.ts";

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

const ALGORITHM = "HS256";

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
    ownHeaderSchema.parse(protectedHeader);
    return ownClaimsSchema.parse(payload);
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
      throw invalidToken("The token is not valid here, or has expired. Log in again.", cause);
    },
  };
}
