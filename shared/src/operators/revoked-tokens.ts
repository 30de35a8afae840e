import { z } from "zod";
import { TOKEN_ID } from "../auth/own-tokens.ts";
import { REDIS_CONNECT_MS } from "../base/deadlines.ts";
import { ACCOUNTS_TAG, fenceKey } from "../redis/keys.ts";
import { awaitRun, type Redis } from "../redis/redis.ts";
import { createSettings, type Settings } from "../settings/settings.ts";
import { TOKENS_MAX } from "./pick-place.ts";
import { KEPT_AFTER_EXPIRY_MS } from "./token-record.ts";

/**
 * Revoked tokens, by id: when they expire, in seconds since the epoch. One setting has all of them,
 * so that each service reads one short value to know them.
 */
export type RevokedTokens = ReadonlyMap<string, number>;

export const OPERATORS = "operators";
const REVOKED_ID = "revoked";
const revokedSchema = z.strictObject({ tokens: z.record(z.string().regex(TOKEN_ID), z.int()) });

// As many again as may be unexpired: those that expired first are forgotten first.
const REVOKED_MAX = 2 * TOKENS_MAX;

/**
 * Whether a token expired so long ago that no service takes it, revoked or not: the clocks of
 * machines may differ.
 */
export const isForgotten = (expiresAtSeconds: number, nowMs: number): boolean =>
  expiresAtSeconds * 1000 + KEPT_AFTER_EXPIRY_MS < nowMs;

/** @throws Problem `unavailable`; ZodError for a setting that no service wrote */
export async function readRevoked(settings: Pick<Settings, "read">): Promise<RevokedTokens> {
  return (await readVersioned(settings)).tokens;
}

/** Reads them from the home Redis, for a service. */
export function revokedReader(home: Redis): () => Promise<RevokedTokens> {
  const settings = createSettings({ home, queueMax: 0 });
  const connected = awaitRun(home, fenceKey(ACCOUNTS_TAG), REDIS_CONNECT_MS);
  return async () => {
    await connected;
    return readRevoked(settings);
  };
}

async function readVersioned(settings: Pick<Settings, "read">) {
  const setting = await settings.read(OPERATORS, REVOKED_ID);
  const { tokens } = revokedSchema.parse(setting?.value ?? { tokens: {} });
  return { version: setting?.version, tokens: new Map(Object.entries(tokens)) };
}

/**
 * Adds a token to the revoked ones, and drops those that expired long ago.
 *
 * @returns false where another process changed them meanwhile: nothing was done
 * @throws Problem `unavailable`, `queue_full`, `outcome_unknown`
 */
export async function addRevoked(
  settings: Pick<Settings, "read" | "put">,
  { tokenId, expiresAtSeconds, nowMs }: { tokenId: string; expiresAtSeconds: number; nowMs: number },
): Promise<boolean> {
  const { version, tokens } = await readVersioned(settings);
  const kept = [...tokens]
    .filter(([, seconds]) => !isForgotten(seconds, nowMs))
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, REVOKED_MAX - 1);
  const value = { tokens: Object.fromEntries(kept.concat([[tokenId, expiresAtSeconds]])) };
  return (await settings.put(OPERATORS, REVOKED_ID, { value, replaces: version })) !== undefined;
}
