import { createLocalJWKSet, errors, importJWK, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from "jose";
import { Problem } from "../api/problems.ts";

export interface KeySetOptions {
  url: string;
  /** Milliseconds of a clock that only grows; a test sets it. */
  elapsed?: (() => number) | undefined;
  /** Called when the provider begins to fail, not for every failure that follows. */
  onFailure?: ((error: unknown) => void) | undefined;
}

/** The public keys of an identity provider. */
export interface KeySet {
  /** For jose. @throws `JWKSNoMatchingKey`, or Problem `unavailable` when the key is not known and cannot be asked for */
  find: JWTVerifyGetKey;
  /** Another number whenever the keys have changed: what was verified under an earlier one has to be verified again. */
  readonly generation: number;
  /** Asks for keys that are old, at a bounded rate. @returns what to wait for, where they are older than they may be */
  keepFresh(): Promise<void> | undefined;
}

/** Never HS256: a key set is public, and whoever has it could sign. */
export const KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"];

// A client waits for its answer no longer than a second, at the gateway and then at a ranker.
const FETCH_TIMEOUT_MS = 450;
// Keys of this age are asked for again while they are used.
const REFRESH_AFTER_MS = 60_000;
// After a pause this long the next request waits for the answer: a withdrawn key is accepted no longer than this.
const WAIT_AFTER_MS = 120_000;
// How often a key that nobody knows may make us ask; anybody can invent one.
const ASK_AGAIN_MS = 5_000;
const RETRY_AFTER_FAILURE_MS = 1_000;
const BYTES_MAX = 256 * 1024;

/**
 * The keys (RFC 7517) are fetched when first needed, again for a key that is not among them, and while they are used once
 * a minute; at a bounded rate, one request at a time. While the provider does not answer, or answers without a key that
 * can be used, the last good keys go on being used, however old.
 */
export function createKeySet({ url, elapsed = performance.now.bind(performance), onFailure }: KeySetOptions): KeySet {
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let text = "";
  let generation = 0;
  let refreshAtMs = 0;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  async function fetchOnce(): Promise<void> {
    try {
      const usable = await onlyUsable(await fetchKeys(url));
      const newText = JSON.stringify(usable);
      if (newText !== text) {
        keys = createLocalJWKSet({ keys: usable });
        text = newText;
        generation++;
      }
      failure = undefined;
      refreshAtMs = elapsed() + REFRESH_AFTER_MS;
      restsUntilMs = elapsed() + ASK_AGAIN_MS;
    } catch (error) {
      if (failure === undefined) onFailure?.(error);
      failure = error;
      restsUntilMs = elapsed() + RETRY_AFTER_FAILURE_MS;
    }
    askedAtMs = elapsed();
    fetching = undefined;
  }

  /** Never rejects. Resolves at once while it is too early to ask again. */
  async function refresh(): Promise<void> {
    if (elapsed() >= restsUntilMs) fetching ??= fetchOnce();
    await fetching;
  }

  function keepFresh(): Promise<void> | undefined {
    const nowMs = elapsed();
    if (keys === undefined || nowMs < refreshAtMs) return undefined;
    const refreshed = refresh(); // not worth the wait of a request, unless the last answer is too old
    return nowMs - askedAtMs >= WAIT_AFTER_MS ? refreshed : undefined;
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

function ignoreUnknown(error: unknown): undefined {
  if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
}

/** The keys that can verify a token here. @throws Error where there is none */
async function onlyUsable({ keys }: Partial<JSONWebKeySet>): Promise<JWK[]> {
  if (!Array.isArray(keys)) throw new Error("the key set has no list of keys");
  const checked = await Promise.all(keys.map(async (key) => ((await isUsable(key)) ? [key] : [])));
  const usable = checked.flat();
  if (usable.length > 0) return usable;
  throw new Error(`none of the ${keys.length} keys of the key set can verify ${KEY_ALGORITHMS.join(", ")}`);
}

const ALGORITHM_OF_TYPE: Partial<Record<string, string>> = { RSA: "RS256", EC: "ES256", OKP: "EdDSA" };

async function isUsable(key: JWK): Promise<boolean> {
  try {
    const algorithm = key.alg ?? ALGORITHM_OF_TYPE[key.kty ?? ""];
    if (algorithm === undefined || !KEY_ALGORITHMS.includes(algorithm) || (key.use ?? "sig") !== "sig") return false;
    await importJWK(key, algorithm);
    return true;
  } catch {
    return false;
  }
}

/** @throws Error when the answer is late, too large, no 200, or no JSON object */
async function fetchKeys(url: string): Promise<Partial<JSONWebKeySet>> {
  const response = await fetch(url, {
    redirect: "manual",
    headers: { Accept: "application/jwk-set+json, application/json" },
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (response.status !== 200) throw new Error(`the key set was answered with ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > BYTES_MAX) throw new Error(`the key set has more than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const keySet: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (typeof keySet !== "object" || keySet === null) throw new Error("the key set is no JSON object");
  return keySet;
}
