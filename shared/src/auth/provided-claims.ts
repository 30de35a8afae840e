import type { JWTPayload } from "jose";
import { invalidToken } from "../api/problems.ts";
import { nameSchema } from "../model/names.ts";
import { FailedCheck } from "./failed-check.ts";
import { spellSubject } from "./subject-spelling.ts";

/** The claims of a provider's token that say who plays. */
export interface ClaimNames {
  /** The claim that becomes the `user_id`. */
  userIdClaim: string;
  /** The claim with the player's home region. */
  regionClaim: string;
  /** The home region of a token without that claim; such a token is refused unless given. */
  defaultRegion?: string | undefined;
  /** The configured regions, of which a list may have one beside other values; any unless given. */
  regions?: readonly string[] | undefined;
  /** The claim with the name that boards show; the subject is shown where it has no use. */
  nameClaim: string;
}

export interface ProvidedClaims {
  sub: string;
  name: string;
  region: string;
  exp: number;
}

/**
 * Reads the player of a verified payload.
 *
 * @throws Problem `invalid_token` that names the claim
 */
export function readProvidedClaims(payload: JWTPayload, names: ClaimNames): ProvidedClaims {
  const { userIdClaim, nameClaim } = names;
  const subject = toText(readClaim(payload, userIdClaim)) ?? "";
  const sub = spellSubject(subject);
  if (sub === undefined) {
    const failed = new FailedCheck("user_id: no usable claim");
    throw invalidToken(`The claim "${userIdClaim}" of the token is no user_id of this server.`, failed);
  }
  const [region, ...others] = readRegions(payload, names);
  if (others.length > 0) {
    const failed = new FailedCheck("region: several in one claim");
    const found = [region, ...others].join(", ");
    throw invalidToken(
      `The token names several regions (${found}): it needs the claim "${names.regionClaim}" with one.`,
      failed,
    );
  }
  if (region === undefined || region === "") {
    const failed = new FailedCheck("region: no usable claim");
    throw invalidToken(`The token names no region: it needs the claim "${names.regionClaim}".`, failed);
  }
  const name = [readClaim(payload, nameClaim), subject].map((each) => nameSchema.safeParse(each)).find(isShown);
  return { sub, name: name?.data ?? sub, region, exp: payload.exp ?? 0 };
}

/**
 * The regions in capitals, of which a player may have one. Of a list they are the values that are
 * configured regions: providers add groups of their own to those of a game.
 */
function readRegions(payload: JWTPayload, { regionClaim, defaultRegion, regions }: ClaimNames): readonly string[] {
  const given = readClaim(payload, regionClaim) ?? defaultRegion;
  const values = [given].flat().flatMap((value) => (typeof value === "string" ? [value.toUpperCase()] : []));
  if (!Array.isArray(given)) return values;
  return [...new Set(regions === undefined ? values : values.filter((value) => regions.includes(value)))];
}

const isShown = ({ success }: { success: boolean }) => success;

/**
 * Reads a claim by its name, or by the path to it: `app_metadata.region`. Providers wrap single
 * values into lists, so a list of one is its element; an empty one is no value.
 */
function readClaim(payload: JWTPayload, name: string): unknown {
  const value = Object.hasOwn(payload, name) ? payload[name] : readPath(payload, name.split("."));
  if (!Array.isArray(value)) return value ?? undefined;
  return value.length > 1 ? value : (value[0] ?? undefined);
}

const readPath = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), value);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** A subject as text: some providers number their players. */
function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
