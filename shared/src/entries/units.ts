/**
 * A score with decimals is an integer inside: 12.75 on a board of three decimals is 12750 units.
 * Redis and PostgreSQL keep units, and only answers and files have the point.
 */

/** Digits behind the point that a board may have. */
export const DECIMALS_MAX = 6;

/**
 * A score with decimals has at most 15 digits: a JSON number keeps so many exactly, in every
 * language.
 */
const DECIMAL_DIGITS_MAX = 15;

/** The greatest score of a board, in units of its last decimal. */
export const unitsMax = (decimals: number): number =>
  decimals === 0 ? Number.MAX_SAFE_INTEGER : 10 ** DECIMAL_DIGITS_MAX - 1;

/**
 * A score in units of the board's last decimal; undefined for one with more decimals, or out of
 * range. Exact: JavaScript spells a number of up to 15 digits as it was written.
 */
export function toUnits(score: number, decimals: number): number | undefined {
  if (decimals === 0) return Number.isSafeInteger(score) ? score + 0 : undefined;
  const [, sign = "", whole = "", fraction = ""] = PLAIN.exec(String(score)) ?? [];
  if (whole === "" || fraction.length > decimals) return undefined;
  const units = Number(`${sign}${whole}${fraction.padEnd(decimals, "0")}`) + 0;
  return Math.abs(units) <= unitsMax(decimals) ? units : undefined;
}

// JavaScript spells numbers below 0.000001 with an exponent: no board has so many decimals.
const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;

/** The score that callers see. */
export const fromUnits = (units: number, decimals: number): number =>
  decimals === 0 ? units : Number(`${units}e-${decimals}`);
