import { decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose";
import { invalidToken, Problem } from "../api/problems.ts";
import { nameSchema } from "../model/names.ts";
import { userIdSchema } from "../model/scores.ts";
import { KEY_ALGORITHMS } from "./fetch-keys.ts";
import { createKeySet, type KeySet, type KeySetOptions } from "./key-set.ts";
import { checkSpelling } from "./token-spelling.ts";

/** An identity provider whose players may use this server. */
export interface ProviderOptions {
  jwksUrl: string;
  issuer: string;
  audience: string;
  /** The claim with the player's home region. */
  regionClaim: string;
  /** The claim with the name that boards show; `sub` is shown for a token without a usable one. */
  nameClaim: string;
}

export interface ProvidedClaims {
  sub: string;
  name: string;
  region: string;
  exp: number;
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

// An ID or access token, not a logout token or an event of the same issuer (RFC 8725, 3.11).
const TYPES = /^(application\/)?(at\+)?jwt$/i;

export function createProvider(
  { jwksUrl, issuer, audience, regionClaim, nameClaim }: ProviderOptions,
  keySetOptions: Omit<KeySetOptions, "url">,
): Provider {
  const keySet = createKeySet({ url: jwksUrl, ...keySetOptions });

  async function readPayload(token: string, nowMs: number): Promise<JWTPayload> {
    try {
      checkSpelling(token); // first, since an unknown kid causes a fetch
      const { payload, protectedHeader } = await jwtVerify(token, keySet.find, {
        algorithms: KEY_ALGORITHMS,
        issuer,
        audience,
        requiredClaims: ["exp"],
        currentDate: new Date(nowMs),
      });
      if (!TYPES.test(protectedHeader.typ ?? "JWT")) throw new Error("the token is of another type");
      return payload;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw invalidToken("The token is not valid here, or has expired. Log in again.", error);
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

    async verify(token, nowMs) {
      const payload = await readPayload(token, nowMs);
      const { sub, exp = 0, [regionClaim]: region, [nameClaim]: name = sub } = payload;
      const userId = userIdSchema.safeParse(sub);
      if (!userId.success) throw invalidToken('The claim "sub" of the token is no user_id of this server.');
      if (typeof region !== "string")
        throw invalidToken(`The token names no region: it needs the claim "${regionClaim}".`);
      const shown = nameSchema.safeParse(name);
      return { sub: userId.data, name: shown.data ?? userId.data, region: region.toUpperCase(), exp };
    },
  };
}
