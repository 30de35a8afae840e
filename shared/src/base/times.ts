/**
 * Times are whole microseconds since the Unix epoch: Redis `TIME` gives them and `TIMESTAMPTZ`
 * keeps them. They fit a double exactly until the year 2255.
 */

const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));

/** `2026-01-02T03:04:05.678901Z`: ISO 8601 with all six digits. */
export function toIsoTime(us: number): string {
  const ms = Math.floor(us / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${THREE_DIGITS[us - ms * 1000]}Z`;
}

const ISO_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/;

/**
 * The inverse of {@link toIsoTime}; accepts fewer digits.
 *
 * @returns `undefined` for a malformed text
 */
export function fromIsoTime(text: string): number | undefined {
  const [, seconds, fraction = ""] = ISO_TIME.exec(text) ?? [];
  const ms = seconds === undefined ? Number.NaN : Date.parse(`${seconds}Z`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, "0"));
}

/** Width of an arrival in decimal digits. */
export const ARRIVAL_DIGITS = 16;

/**
 * The prefix of a ranking member: fixed width, and smaller the later. In a reverse range Redis puts
 * the greater member first among equal scores, so the player who came first ranks higher.
 */
export function toArrival(reachedAtUs: number): string {
  return String(Number.MAX_SAFE_INTEGER - reachedAtUs).padStart(ARRIVAL_DIGITS, "0");
}

/** The inverse of {@link toArrival}: microseconds. */
export function fromArrival(arrival: string): number {
  return Number.MAX_SAFE_INTEGER - Number(arrival);
}
