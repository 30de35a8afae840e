import { readNumber } from "../base/read-integer.ts";

// ES2026, which the types do not know yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * Parses JSON, and makes NaN of a number that a double would round: otherwise a score would be
 * stored that no client sent. What a client keeps as `metadata` is its own: numbers in there stay
 * as they are spelled.
 *
 * @throws SyntaxError
 */
export function parseExact(json: string): unknown {
  const value: unknown = JSON.parse(json, refuseRounded);
  if (!json.includes('"metadata"') || typeof value !== "object" || value === null) return value;
  return "metadata" in value ? { ...value, metadata: (parseAsSpelled(json) as typeof value).metadata } : value;
}

function refuseRounded(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || context?.source === String(value)) return value;
  // JSON has numbers that only `Number` reads, such as 1e400.
  return Number.isNaN(readNumber(context?.source ?? "") ?? Number.NaN) ? Number.NaN : value;
}

/**
 * Parses JSON so that `JSON.stringify` spells each number as it was spelled.
 *
 * @throws SyntaxError
 */
export const parseAsSpelled = (json: string): unknown => JSON.parse(json, keepSpelling);

function keepSpelling(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined || String(value) === context.source) return value;
  return rawJSON(context.source);
}
