import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { Problem } from "./problems.ts";

export interface KeySetOptions {
  url: string;
  /** Milliseconds of a clock that only grows; a test sets it. */
  elapsed?: (() => number) | undefined;
  /** Called when the provider begins to fail, not for every failure that follows. */
  onFailure?: ((error: unknown) => void) | undefined;
}

// A client waits for its answer no longer than a second, at the gateway and then at a ranker.
const FETCH_TIMEOUT_MS = 450;
// A withdrawn key is accepted this much longer.
const REFRESH_AFTER_MS = 10 * 60_000;
// How often a key that nobody knows may make us ask; anybody can invent one.
const ASK_AGAIN_MS = 5_000;
const RETRY_AFTER_FAILURE_MS = 1_000;
const BYTES_MAX = 256 * 1024;

/**
 * The public keys of an identity provider (RFC 7517), for jose. Fetched when first needed, again for a key that is not
 * among them, and now and then; at a bounded rate, one request at a time. Keys that were fetched once go on being used,
 * however old, while the provider does not answer.
 *
 * @returns a function that throws `JWKSNoMatchingKey`, or Problem `unavailable` when the key is not known and the
 *   provider cannot be asked
 */
export function createKeySet({ url, elapsed = performance.now.bind(performance), onFailure }: KeySetOptions) {
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let refreshAtMs = 0;
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  async function fetchOnce(): Promise<void> {
    try {
      keys = createLocalJWKSet(await fetchKeys(url));
      failure = undefined;
      refreshAtMs = elapsed() + REFRESH_AFTER_MS;
      restsUntilMs = elapsed() + ASK_AGAIN_MS;
    } catch (error) {
      if (failure === undefined) onFailure?.(error);
      failure = error;
      restsUntilMs = elapsed() + RETRY_AFTER_FAILURE_MS;
    }
    fetching = undefined;
  }

  /** Never rejects. Resolves at once while it is too early to ask again. */
  async function refresh(): Promise<void> {
    if (elapsed() >= restsUntilMs) fetching ??= fetchOnce();
    await fetching;
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    if (keys !== undefined && elapsed() >= refreshAtMs) void refresh(); // not worth anybody's wait
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
  return find;
}

function ignoreUnknown(error: unknown): undefined {
  if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
}

/** @throws Error when the answer is late, too large, no 200, or no key set */
async function fetchKeys(url: string): Promise<Parameters<typeof createLocalJWKSet>[0]> {
  const response = await fetch(url, {
    ...{ redirect: "manual", headers: { Accept: "application/jwk-set+json, application/json" } },
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
  return JSON.parse(Buffer.concat(chunks).toString());
}
