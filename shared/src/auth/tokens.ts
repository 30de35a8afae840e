import { LRUCache } from "lru-cache";
import { invalidToken, Problem } from "../api/problems.ts";
import type { Log } from "../log/log.ts";
import type { Role } from "../model/roles.ts";
import { FailedCheck } from "./failed-check.ts";
import { createOwnTokens, OPERATOR, type OwnClaims, type OwnTokenOptions } from "./own-tokens.ts";
import type { ProvidedClaims } from "./provided-claims.ts";
import { createProvider, LEEWAY_SECONDS, type ProviderOptions } from "./provider.ts";

/** The player that a verified token speaks for. */
export interface Identity {
  userId: string;
  name: string;
  region: string;
  /** Creation time (µs) of the account. A re-registered id has a new one, which ends old tokens. */
  account?: string | undefined;
  /** When the account's password was last changed (µs). A later change ends the token. */
  passwordAt?: string | undefined;
  /**
   * When the player logged in (seconds since the epoch); a refreshed token keeps it. Of a verified
   * token.
   */
  loggedInAt?: number | undefined;
  /** True for a player of the identity provider, who has no account here. */
  isExternal?: boolean;
}

/** A person who runs the service, or a game server: acts for players, and is not a player. */
export interface Operator {
  name: string;
  role: Role;
  /** The only boards that the token is for; all boards without it. */
  boards?: readonly string[] | undefined;
  /** Of a token that is listed, and can be revoked. */
  tokenId?: string | undefined;
}

/** Which of the two a token speaks for, where a route takes both. */
export const isOperator = (caller: Identity | Operator): caller is Operator => "role" in caller;

/** An operator to sign a token for, whose record is listed. */
export interface ListedOperator extends Operator {
  tokenId: string;
}

/** Which listed tokens are revoked. */
export interface Revocations {
  /** @throws Problem `unavailable` where this process does not know yet */
  has(tokenId: string): boolean;
}

export interface TokenOptions extends OwnTokenOptions {
  lifetimeSeconds: number;
  /** Also accepts tokens of this identity provider. */
  provider?: ProviderOptions | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Milliseconds of a monotonic clock. */
  elapsed?: () => number;
  onProviderFailure?: (error: unknown) => void;
  /** Without them listed tokens of operators are `unavailable`. */
  revocations?: Revocations | undefined;
}

/** Logs that an identity provider fails. */
export const warnOfProvider = (log: Log) => (err: unknown) =>
  log.warn({ err }, "no new keys of the identity provider; the last ones go on being used");

export interface Tokens {
  issue(identity: Identity): Promise<string>;
  /** An admin's token, which is not listed: it cannot be revoked. */
  issueOperator(operator: Pick<Operator, "name">, lifetimeSeconds: number): Promise<string>;
  issueListed(operator: ListedOperator, lifetimeSeconds: number): Promise<string>;
  /**
   * @throws Problem `invalid_token`; `forbidden` for an operator's token; `unavailable` while the
   *   identity provider does not answer and the token's key is not known
   */
  verify(token: string): Promise<Identity>;
  /**
   * @throws Problem as {@link verify} does, `forbidden` for a player's token; `unavailable` for a
   *   listed token while this process does not know which are revoked
   */
  verifyOperator(token: string): Promise<Operator>;
  /** A token of either kind. @throws Problem as the others do, but for `forbidden` */
  verifyAny(token: string): Promise<Identity | Operator>;
}

// A verification costs 170 µs, a cached one less than one; 20,000 tokens take some 20 MB.
const VERIFIED_MAX = 20_000;

interface Verified {
  caller: Identity | Operator;
  expiresAtMs: number;
  /**
   * Generation of the provider's keys that verified the token. New keys make the cached token
   * invalid.
   */
  generation?: number;
}

export const revocationsUnknown = () =>
  new Problem("unavailable", "The list of revoked tokens does not answer. Nothing was changed; try again.");

const UNKNOWN_REVOCATIONS: Revocations = {
  has() {
    throw revocationsUnknown();
  },
};

/** Our own tokens and an identity provider's. No algorithm is accepted for both. */
export function createTokens(options: TokenOptions): Tokens {
  const { lifetimeSeconds, now = Date.now, revocations = UNKNOWN_REVOCATIONS } = options;
  const own = createOwnTokens(options, now);
  const provider =
    options.provider &&
    createProvider(options.provider, { elapsed: options.elapsed, onFailure: options.onProviderFailure });
  const verified = new LRUCache<string, Verified>({ max: VERIFIED_MAX });

  async function verifyUncached(token: string): Promise<Verified> {
    if (!provider?.mayHaveSigned(token)) return fromOwn(await own.verify(token));
    const { generation } = provider; // read first: the keys may change during the verification
    return fromProvider(await provider.verify(token, now()), generation);
  }

  async function verifyCached(token: string): Promise<Verified> {
    const known = verified.get(token);
    if (known?.generation !== undefined) await provider?.keepFresh();
    if (known !== undefined && known.expiresAtMs > now() && hasCurrentKeys(known)) return known;
    verified.delete(token);
    const fresh = await verifyUncached(token);
    verified.set(token, fresh);
    return fresh;
  }

  /** False once the provider has other keys: the token's key may have been withdrawn. */
  const hasCurrentKeys = ({ generation }: Verified) => generation === undefined || generation === provider?.generation;

  async function verifyAny(token: string): Promise<Identity | Operator> {
    const { caller } = await verifyCached(token);
    // Not cached: a token may be revoked after it was verified.
    const isRevoked = isOperator(caller) && caller.tokenId !== undefined && revocations.has(caller.tokenId);
    if (isRevoked) throw tokenRevoked(caller);
    return caller;
  }

  return {
    verifyAny,
    issue({ userId, name, region, account, passwordAt, loggedInAt }) {
      const claims = { user_id: userId, name, region, account, password_at: passwordAt, auth_time: loggedInAt };
      return own.sign(userId, claims, lifetimeSeconds);
    },
    issueOperator: ({ name }, seconds) => own.sign(name, { role: OPERATOR }, seconds),
    issueListed({ name, role, boards, tokenId }, seconds) {
      return own.sign(name, { role, boards: boards && [...boards], jti: tokenId }, seconds);
    },

    async verify(token) {
      const { caller } = await verifyCached(token);
      if (!isOperator(caller)) return caller;
      throw new Problem("forbidden", "This route is for players; the token is an operator's.");
    },

    async verifyOperator(token) {
      const caller = await verifyAny(token);
      if (isOperator(caller)) return caller;
      throw new Problem("forbidden", "This route is for operators; the token is a player's.");
    },
  };
}

/** Its signature was verified, so that the logs may say whose it was. */
const tokenRevoked = ({ name, tokenId }: Operator) =>
  invalidToken("The token was revoked. Ask for another one.", new FailedCheck("jti: revoked"), {
    operator: name,
    tokenId,
  });

function fromOwn(claims: OwnClaims): Verified {
  const expiresAtMs = claims.exp * 1000;
  if (claims.role === OPERATOR) return { caller: { name: claims.sub, role: "admin" }, expiresAtMs };
  if (claims.role !== undefined) {
    const { sub: name, role, boards, jti: tokenId } = claims;
    return { caller: { name, role, boards, tokenId }, expiresAtMs };
  }
  const { sub, name, region, account, password_at: passwordAt, iat, auth_time: loggedInAt = iat } = claims;
  return { caller: { userId: sub, name, region, account, passwordAt, loggedInAt }, expiresAtMs };
}

const fromProvider = ({ sub, name, region, exp }: ProvidedClaims, generation: number): Verified => ({
  caller: { userId: sub, name, region, isExternal: true },
  expiresAtMs: (exp + LEEWAY_SECONDS) * 1000,
  generation,
});
