const numbers = new Intl.NumberFormat();
const signed = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero" });
const shares = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export const formatNumber = (value: number) => numbers.format(value);
export const formatSigned = (value: number) => signed.format(value);
export const formatPercentile = (value: number) => shares.format(value);
export const formatClock = (date: Date) => clock.format(date);
export const formatCount = (total: number) => `${formatNumber(total)} ${total === 1 ? "player" : "players"}`;

/**
 * Parses a whole number as people type it, with a sign and separators.
 *
 * @returns `undefined` for another text, and for a number that a double does not hold exactly
 */
export function parsePoints(text: string): number | undefined {
  const digits = text
    .trim()
    .replaceAll(/[\s'’_,.]/g, "")
    .replace(/^[−–]/, "-");
  if (!/^[+-]?\d{1,16}$/.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : undefined;
}
