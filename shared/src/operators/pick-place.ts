import { expiresAtMs, KEPT_AFTER_EXPIRY_MS, type TokenRecord } from "./token-record.ts";

/** Tokens that have not expired, revoked ones among them. */
export const TOKENS_MAX = 1_000;

/**
 * A place of the list. Places are used again and again, because a setting that is deleted still
 * takes room: places bound what all tokens ever made take.
 */
export interface Place {
  /** The setting's id. */
  id: string;
  version: string;
  /** Undefined for one that this release cannot read. It keeps its place. */
  record: TokenRecord | undefined;
}

/** Where a new record goes, and the version of what it replaces there. */
export interface FreePlace {
  id: string;
  replaces: string | undefined;
}

const placeId = (number: number) => `place-${number}`;

/** Whether the list still shows the token. */
export const isShown = (record: TokenRecord, nowMs: number): boolean =>
  expiresAtMs(record) + KEPT_AFTER_EXPIRY_MS > nowMs;

/**
 * The place for a new record: one that the list no longer shows, else one never used, else that of
 * the token that expired first. Undefined where no token has expired and all places are taken.
 */
export function pickPlace(places: readonly Place[], nowMs: number): FreePlace | undefined {
  const readable = places.flatMap(({ id, version, record }) =>
    record === undefined ? [] : [{ id, replaces: version, expires: expiresAtMs(record) }],
  );
  const [first] = readable.toSorted((a, b) => a.expires - b.expires);
  const isExpiredBy = (timeMs: number) => first !== undefined && first.expires <= timeMs;
  if (isExpiredBy(nowMs - KEPT_AFTER_EXPIRY_MS)) return first;
  const used = new Set(places.map(({ id }) => id));
  for (let number = 1; number <= TOKENS_MAX; number++) {
    if (!used.has(placeId(number))) return { id: placeId(number), replaces: undefined };
  }
  return isExpiredBy(nowMs) ? first : undefined;
}
