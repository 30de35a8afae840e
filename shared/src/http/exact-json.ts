import { readNumber } from "../base/read-integer.ts";

// ES2026, which the types do not know yet.
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): object;
  isRawJSON(value: object): value is { rawJSON: string };
};

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
  return toNumbers(parseAsSpelled(json), { keepsMetadata: true });
}

/** Makes numbers of those that are kept as they were spelled. */
function toNumbers(value: unknown, { keepsMetadata }: { keepsMetadata: boolean }): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isRawJSON(value)) return toNumber(value.rawJSON);
  if (Array.isArray(value)) return value.map((each) => toNumbers(each, { keepsMetadata }));
  const members = Object.entries(value).map(([name, member]): [string, unknown] => {
    if (keepsMetadata && name === "metadata") return [name, member];
    return [name, toNumbers(member, { keepsMetadata: keepsMetadata && Array.isArray(member) })];
  });
  return Object.fromEntries(members);
}

// JSON has numbers that only `Number` reads, such as 1e400.
const toNumber = (text: string) => (Number.isNaN(readNumber(text) ?? Number.NaN) ? Number.NaN : Number(text));

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
