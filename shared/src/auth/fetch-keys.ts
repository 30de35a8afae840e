import { importJWK, type JSONWebKeySet, type JWK } from "jose";
import { KEY_SET_FETCH_MS } from "../base/deadlines.ts";

/** Never HS256: a key set is public, so anyone could sign with its keys. */
export const KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"];

const BYTES_MAX = 256 * 1024;

/**
 * Fetches a key set (RFC 7517), and keeps the keys that can verify a token here.
 *
 * @throws Error when the answer is late, too large, not a key set, or without a usable key
 */
export async function fetchUsableKeys(url: string): Promise<JWK[]> {
  const { keys } = await fetchKeySet(url);
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

async function fetchKeySet(url: string): Promise<Partial<JSONWebKeySet>> {
  const response = await fetch(url, {
    redirect: "manual",
    headers: { Accept: "application/jwk-set+json, application/json" },
    signal: AbortSignal.timeout(KEY_SET_FETCH_MS),
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
  if (typeof keySet !== "object" || keySet === null) throw new Error("the key set is not a JSON object");
  return keySet;
}
