import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from "jose";
import { Problem } from "../api/problems.ts";
import { fetchUsableKeys } from "./fetch-keys.ts";

export interface KeySetOptions {
  url: string;
  /** Milliseconds of a monotonic clock. */
  elapsed?: (() => number) | undefined;
  /** Called for the first failure after a success, not for those that follow. */
  onFailure?: ((error: unknown) => void) | undefined;
}

/** The public keys of an identity provider. */
export interface KeySet {
  /**
   * For jose.
   *
   * @throws `JWKSNoMatchingKey`; Problem `unavailable` when the key is unknown and the provider
   *   does not answer
   */
  find: JWTVerifyGetKey;
  /** Changes with the keys. Tokens verified under an earlier generation must be verified again. */
  readonly generation: number;
  /**
   * Refreshes old keys, at a bounded rate.
   *
   * @returns a promise to wait for if the keys are too old to use, `undefined` otherwise
   */
  keepFresh(): Promise<void> | undefined;
}

// Keys of this age are refreshed in the background while they are used.
const REFRESH_AFTER_MS = 60_000;
// Keys of this age are refreshed before use, which bounds how long a withdrawn key is accepted.
const WAIT_AFTER_MS = 120_000;
// The shortest time between two fetches for unknown keys: anyone can invent a key id.
const FETCH_AGAIN_MS = 5_000;
const RETRY_AFTER_FAILURE_MS = 1_000;

/**
 * Fetches the keys (RFC 7517) when they are first needed, for a key that is not among them, and
 * once a minute while they are used; one request at a time, at a bounded rate. While the provider
 * fails, or answers without a usable key, the last good keys stay in use, however old.
 */
export function createKeySet({ url, elapsed = performance.now.bind(performance), onFailure }: KeySetOptions): KeySet {
  let keys: LookUp | undefined;
  let text = "";
  let generation = 0;
  let refreshAtMs = 0;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  async function fetchOnce(): Promise<void> {
    try {
      const usable = await fetchUsableKeys(url);
      const newText = JSON.stringify(usable);
      if (newText !== text) {
        keys = toLookUp(usable);
        text = newText;
        generation++;
      }
      failure = undefined;
      refreshAtMs = elapsed() + REFRESH_AFTER_MS;
      restsUntilMs = elapsed() + FETCH_AGAIN_MS;
    } catch (error) {
      if (failure === undefined) onFailure?.(error);
      failure = error;
      restsUntilMs = elapsed() + RETRY_AFTER_FAILURE_MS;
    }
    fetchedAtMs = elapsed();
    fetching = undefined;
  }

  /** Never rejects. Resolves at once while it is too early for another fetch. */
  async function refresh(): Promise<void> {
    if (elapsed() >= restsUntilMs) fetching ??= fetchOnce();
    await fetching;
  }

  function keepFresh(): Promise<void> | undefined {
    const nowMs = elapsed();
    if (keys === undefined || nowMs < refreshAtMs) return undefined;
    const refreshed = refresh();
    return nowMs - fetchedAtMs >= WAIT_AFTER_MS ? refreshed : undefined;
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    await keepFresh();
    const known = await keys?.(header, token).catch(ignoreUnknown);
    if (known !== undefined) return known;
    await refresh();
    const found = await keys?.(header, token).catch(ignoreUnknown);
    if (found !== undefined) return found;
    if (failure === undefined) throw new errors.JWKSNoMatchingKey();
    throw new Problem("unavailable", "The identity provider does not answer. Nothing was changed; try again.", {
      cause: failure,
    });
  };

  return {
    find,
    keepFresh,
    get generation() {
      return generation;
    },
  };
}

/** @throws `JWKSNoMatchingKey`, `JWKSMultipleMatchingKeys` */
type LookUp = (...token: Parameters<JWTVerifyGetKey>) => Promise<CryptoKey>;

/**
 * A set may leave out all key ids while its tokens have them (RFC 7517, 4.5): then the id chooses
 * nothing, and each key of the token's algorithm is a candidate.
 */
function toLookUp(usable: readonly JWK[]): LookUp {
  const find = createLocalJWKSet({ keys: [...usable] });
  if (usable.some(({ kid }) => kid !== undefined)) return find;
  return ({ alg }, token) => find({ alg }, token);
}

function ignoreUnknown(error: unknown): undefined {
  if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
}
