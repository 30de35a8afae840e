const PLAIN = /^-?\d{1,15}$/;
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const DIGITS_MAX = 16; // of 2^53-1

/**
 * Reads an integer in ±(2^53−1) from decimal text, in any spelling: `1000`, `1E+3`, `100.0`,
 * `1.2345678E7`, `-0`. It decides by the text, because `Number` rounds `9007199254740990.6` to an
 * integer that the text does not state.
 *
 * @returns NaN for a number with a fraction, ±Infinity for an integer out of range, undefined for a
 *   text that is not a decimal number
 */
export function readInteger(text: string): number | undefined {
  if (PLAIN.test(text)) return Number(text) + 0;
  const [, sign, whole = "", fraction = "", exponent = "0"] = DECIMAL.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const given = (whole + fraction).replace(/^0+/, "");
  const digits = given.replace(/0+$/, "");
  if (digits === "") return 0;
  const zeros = Number(exponent) - fraction.length + given.length - digits.length;
  if (zeros < 0) return Number.NaN;
  const size = digits.length + zeros > DIGITS_MAX ? Infinity : Number(digits + "0".repeat(zeros));
  const value = Number.isSafeInteger(size) ? size : Infinity;
  return sign === "-" ? -value : value;
}

/**
 * Reads a number from decimal text, in any spelling that JSON has.
 *
 * @returns NaN for a number that a double would round, ±Infinity for an integer out of range,
 *   undefined for a text that is not a decimal number
 */
export function readNumber(text: string): number | undefined {
  const integer = readInteger(text);
  if (integer === undefined || !Number.isNaN(integer)) return integer;
  const value = Number(text);
  return isExact(text, value) ? value : Number.NaN;
}

/**
 * Whether a double stands for exactly this decimal text, in any spelling: `12.750` and `1275e-2`
 * do, `0.1000000000000000055` does not.
 *
 * @param text a number as JSON spells it
 */
export const isExact = (text: string, value: number): boolean => toCanonical(text) === toCanonical(String(value));

/** Sign, digits without zeros at either end, and the exponent of the last digit. */
function toCanonical(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = DECIMAL.exec(text) ?? [];
  const given = (whole + fraction).replace(/^0+/, "");
  const digits = given.replace(/0+$/, "");
  if (digits === "") return "0";
  return `${sign}${digits}e${Number(exponent) - fraction.length + given.length - digits.length}`;
}
