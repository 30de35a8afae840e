/**
 * Times are whole microseconds since the Unix epoch: Redis `TIME` gives them and `TIMESTAMPTZ`
 * keeps them. They fit a double exactly until the year 2255.
 */

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const SECONDS_OF_DAY = 86_400;
/** The last day that was formatted, since the times of a page are mostly of few days. */
let lastDay = { day: Number.NaN, text: "" };

/**
 * `2026-01-02T03:04:05.678901Z`: ISO 8601 with all six digits. A page of entries has a time for
 * each, and a `Date` for each took three times as long.
 */
export function toIsoTime(us: number): string {
  const ms = Math.floor(us / 1000);
  const seconds = Math.floor(ms / 1000);
  const day = Math.floor(seconds / SECONDS_OF_DAY);
  if (day !== lastDay.day) lastDay = { day, text: new Date(day * DAY_MS).toISOString().slice(0, -13) };
  const second = seconds - day * SECONDS_OF_DAY;
  const [hour, minute] = [Math.floor(second / 3600), Math.floor(second / 60) % 60];
  const time = `${TWO_DIGITS[hour]}:${TWO_DIGITS[minute]}:${TWO_DIGITS[second % 60]}`;
  return `${lastDay.text}${time}.${THREE_DIGITS[ms - seconds * 1000]}${THREE_DIGITS[us - ms * 1000]}Z`;
}

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Reads an RFC 3339 time, with any offset; digits beyond microseconds are cut off. The leap second
 * 23:59:60 UTC is read as the next second, as PostgreSQL reads it.
 *
 * @returns microseconds; undefined for a malformed text, or a day that does not exist
 */
export function fromIsoTime(text: string): number | undefined {
  const [match, ...fields] = RFC_3339.exec(text) ?? [];
  if (match === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.slice(0, 6).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  // Date.UTC takes 30 February for 2 March.
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const [fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = fields.slice(6);
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -1 : 1);
  const ms = date.getTime() + (hour * 60 + minute - offset) * MINUTE_MS + second * 1000;
  if (second === 60 && ms % DAY_MS !== 0) return undefined;
  return ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
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
