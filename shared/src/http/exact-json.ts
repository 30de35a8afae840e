import { readNumber } from "../base/read-integer.ts";

// ES2026, which the types do not know yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * A number of more than 15 digits, of a fraction or an exponent, or -0, or a text that looks so.
 */
const MAY_BE_ROUNDED = /\d[.eE]|\d{16}|-0/;

/**
 * Parses JSON, and makes NaN of a number that a double would round: otherwise a score would be
 * stored that no client sent. What a client keeps as `metadata`, of the body or of an element of a
 * list in it, is its own: numbers in there stay as they are spelled.
 *
 * @throws SyntaxError
 */
export function parseExact(json: string): unknown {
  // Looking at each value takes four times as long as parsing it.
  if (!MAY_BE_ROUNDED.test(json)) return JSON.parse(json);
  const value: unknown = JSON.parse(json, refuseRounded);
  return json.includes('"metadata"') ? keepMetadata(value, parseAsSpelled(json)) : value;
}

/** @param spelled the same value, its numbers as they were spelled */
function keepMetadata(value: unknown, spelled: unknown): unknown {
  if (!isObject(value) || !isObject(spelled)) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => {
    const as = spelled[name];
    if (name === "metadata") return [name, as];
    const isList = Array.isArray(member) && Array.isArray(as);
    return [name, isList ? member.map((each, index) => keepMetadata(each, as[index])) : member];
  });
  return Object.fromEntries(members);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
