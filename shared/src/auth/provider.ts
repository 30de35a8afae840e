import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from "jose";
import { invalidToken, Problem } from "../api/problems.ts";
import { FailedCheck, toFailedCheck } from "./failed-check.ts";
import { KEY_ALGORITHMS } from "./fetch-keys.ts";
import { createKeySet, type KeySet, type KeySetOptions } from "./key-set.ts";
import { type ClaimNames, type ProvidedClaims, readProvidedClaims } from "./provided-claims.ts";
import { checkSpelling } from "./token-spelling.ts";

/** An identity provider whose players may use this server. */
export interface ProviderOptions extends Omit<ClaimNames, "userIdClaim"> {
  jwksUrl: string;
  issuer: string;
  audience: string;
  /** The claim that becomes the `user_id`; `sub` unless given. */
  userIdClaim?: string;
}

export interface Provider extends Pick<KeySet, "generation" | "keepFresh"> {
  /**
   * Whether this provider has to verify the token. Its algorithm decides: we sign with none of
   * {@link KEY_ALGORITHMS}.
   */
  mayHaveSigned(token: string): boolean;
  /** @throws Problem `invalid_token`, `unavailable` */
  verify(token: string, nowMs: number): Promise<ProvidedClaims>;
}

/**
 * The clocks of a provider and of this machine differ: a token is taken this long before its `nbf`
 * and after its `exp`. `iat` is no bound here.
 */
export const LEEWAY_SECONDS = 10;

// An ID or access token, not a logout token or an event of the same issuer (RFC 8725, 3.11).
const TYPES = /^(application\/)?(at\+)?jwt$/i;
// A token without a key id is tried with each key of its kind. Key sets have two or three; without
// a bound one forged token could cost a thousand verifications.
const KEYS_TRIED_MAX = 32;

export function createProvider(options: ProviderOptions, keySetOptions: Omit<KeySetOptions, "url">): Provider {
  const { jwksUrl, issuer, audience, userIdClaim = "sub" } = options;
  const names: ClaimNames = { ...options, userIdClaim };
  const keySet = createKeySet({ url: jwksUrl, ...keySetOptions });

  async function verifySignature(token: string, nowMs: number): Promise<JWTVerifyResult> {
    const checks = {
      algorithms: KEY_ALGORITHMS,
      issuer,
      requiredClaims: ["exp"],
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(nowMs),
    };
    try {
      return await jwtVerify(token, keySet.find, checks);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await tryEach(error, (key) => jwtVerify(token, key, checks));
    }
  }

  async function readPayload(token: string, nowMs: number): Promise<JWTPayload> {
    try {
      checkSpelling(token); // first, since an unknown kid causes a fetch
      const { payload, protectedHeader } = await verifySignature(token, nowMs);
      if (!TYPES.test(protectedHeader.typ ?? "JWT")) throw new FailedCheck("typ: not a type of access or ID tokens");
      checkAudience(payload, audience);
      return payload;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw invalidToken("The token is not valid here, or has expired. Log in again.", toFailedCheck(error));
    }
  }

  return {
    keepFresh: keySet.keepFresh,
    get generation() {
      return keySet.generation;
    },

    mayHaveSigned(token) {
      try {
        return KEY_ALGORITHMS.includes(decodeProtectedHeader(token).alg ?? "");
      } catch {
        return false;
      }
    },

    verify: async (token, nowMs) => readProvidedClaims(await readPayload(token, nowMs), names),
  };
}

type VerifyWith = (key: CryptoKey) => Promise<JWTVerifyResult>;

/** Verifies with one candidate key after the other. @throws the error of the last key */
async function tryEach(keys: AsyncIterable<CryptoKey>, verifyWith: VerifyWith): Promise<JWTVerifyResult> {
  let tries = 0;
  for await (const key of keys) {
    try {
      return await verifyWith(key);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      if (++tries === KEYS_TRIED_MAX) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/**
 * Checks whom the token is for: by `aud`, or in an access token of Amazon Cognito, which has none,
 * by `client_id`.
 *
 * @throws FailedCheck
 */
function checkAudience({ aud, token_use, client_id }: JWTPayload, audience: string): void {
  if (aud === undefined && token_use === "access") {
    if (client_id !== audience) throw new FailedCheck("client_id: another audience");
    return;
  }
  if (aud === undefined) throw new FailedCheck("aud: missing");
  if (![aud].flat().includes(audience)) throw new FailedCheck("aud: another audience");
}
