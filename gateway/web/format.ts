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
 * A whole number as people type one, with a sign and with separators; nothing where it is none or
 * not exact.
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
