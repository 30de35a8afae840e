/** An OpenID Connect provider under the control of a test. */

import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import type { ProviderOptions } from "shared/auth/provider";

type Algorithm = "RS256" | "ES256" | "EdDSA" | "ES384";

export interface SigningKey {
  alg: Algorithm;
  kid: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

export async function makeKey(alg: Algorithm, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** An identity provider on loopback, which publishes keys and fails on demand. */
export interface IdentityProvider {
  options: ProviderOptions;
  /** The keys that it publishes. */
  keys: JWK[];
  /** Requests for the key set so far. */
  readonly fetches: number;
  /** Makes its answers. A promise holds an answer back. */
  answer: () => Response | Promise<Response>;
  publish(): Response;
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): void;
}

export function startIdentityProvider(): IdentityProvider {
  let fetches = 0;
  const serve = (port: number) =>
    Bun.serve({
      port,
      hostname: "127.0.0.1",
      fetch() {
        fetches++;
        return provider.answer();
      },
    });
  let server = serve(0);
  const { port = 0 } = server;
  const provider: IdentityProvider = {
    options: {
      jwksUrl: `http://127.0.0.1:${port}/jwks.json`,
      issuer: "https://id.example.com/",
      audience: "game",
      regionClaim: "region",
      nameClaim: "name",
    },
    keys: [],
    get fetches() {
      return fetches;
    },
    answer: () => provider.publish(),
    publish: () => Response.json({ keys: provider.keys }),
    stop: () => server.stop(true),
    start() {
      server = serve(port);
    },
  };
  return provider;
}

/**
 * Signs a token.
 *
 * @param changed claims that replace the default ones; an undefined one is removed
 */
export function signAs(key: SigningKey, changed: Record<string, unknown> = {}, header: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: "grace",
    name: "Grace",
    region: "EU",
    iss: "https://id.example.com/",
    aud: "game",
    iat: now,
    exp: now + 3600,
    ...changed,
  };
  return new SignJWT(claims as JWTPayload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey);
}
