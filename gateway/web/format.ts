// As many as a board may have. Without this a browser rounds scores to three.
const DECIMALS_MAX = 6;
const numbers = new Intl.NumberFormat(undefined, { maximumFractionDigits: DECIMALS_MAX });
const signed = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero" });
const shares = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const instants = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

export const formatNumber = (value: number) => numbers.format(value);
export const formatSigned = (value: number) => signed.format(value);
export const formatPercentile = (value: number) => shares.format(value);
export const formatInstant = (ms: number) => instants.format(ms);
export const formatClock = (date: Date) => clock.format(date);
export const formatCount = (total: number) => `${formatNumber(total)} ${total === 1 ? "player" : "players"}`;

// Beside longer numbers, a name gets fewer than ten characters of a phone's line or of a panel.
const NUMBERS_LENGTH_MAX = "1,234".length + "1,234,567".length;

/** Whether a rank and a score, as it is shown, leave a name too little of a narrow line. */
export const crowdsName = (rank: number, score: string) =>
  formatNumber(rank).length + score.length > NUMBERS_LENGTH_MAX;

/** How a board shows its scores. */
export interface ScoreFormat {
  /** Digits behind the point, all of which are shown: 12.750. */
  decimals: number;
  unit: string;
}

const byDecimals = new Map<number, Intl.NumberFormat>();

/** A score with its unit, in one piece. */
export function formatScore(score: number, { decimals, unit }: ScoreFormat): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: DECIMALS_MAX };
  const format = byDecimals.get(decimals) ?? new Intl.NumberFormat(undefined, digits);
  byDecimals.set(decimals, format);
  return unit === "" ? format.format(score) : `${format.format(score)}\u00a0${unit}`;
}

/**
 * Parses a whole number: digits and perhaps a sign. A separator is refused, because "1.500" is one
 * and a half in one country and fifteen hundred in another.
 *
 * @returns the number, or why the text is refused
 */
export function parsePoints(text: string): number | string {
  const digits = text.trim().replace(/^[−–]/, "-");
  if (!/^[+-]?\d+$/.test(digits)) return POINTS_HINT;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : `A score is at most ${formatNumber(Number.MAX_SAFE_INTEGER)}.`;
}

const POINTS_HINT = "Say how many points: a whole number without separators, such as 1500 or -3.";
