import { formatInstant, formatNumber } from "../format.ts";
import type { ListedSeason } from "./read-seasons.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const minutes = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const seconds = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A time that is left: `6 d 23 h`, below a day `3:04:05`, below an hour `4:05`. */
export function formatLeft(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms / SECOND_MS)) * SECOND_MS;
  const hours = Math.floor((whole % DAY_MS) / HOUR_MS);
  if (whole >= DAY_MS) return `${formatNumber(Math.floor(whole / DAY_MS))} d ${hours} h`;
  const pad = (value: number) => String(value).padStart(2, "0");
  const minutesLeft = Math.floor((whole % HOUR_MS) / MINUTE_MS);
  const tail = pad((whole % MINUTE_MS) / SECOND_MS);
  return whole >= HOUR_MS ? `${hours}:${pad(minutesLeft)}:${tail}` : `${minutesLeft}:${tail}`;
}

/** How long until the text of `formatLeft` is another one. */
export const changesInMs = (ms: number) => {
  const step = ms > DAY_MS ? MINUTE_MS : SECOND_MS;
  return ms <= 0 ? SECOND_MS : ms % step || step;
};

/** When a season was, as exactly as its length makes sense: `Nov 22 – 29, 2026`. */
export function formatSpan(startsMs: number, endsMs: number): string {
  const lengthMs = endsMs - startsMs;
  const format = lengthMs >= DAY_MS ? days : lengthMs >= MINUTE_MS ? minutes : seconds;
  return format.formatRange(startsMs, endsMs);
}

function toSpan({ starts_at, ends_at }: Pick<ListedSeason, "starts_at" | "ends_at">): string {
  if (ends_at === null) return "";
  const endsMs = Date.parse(ends_at);
  return ` · ${starts_at === null ? `until ${formatInstant(endsMs)}` : formatSpan(Date.parse(starts_at), endsMs)}`;
}

/** A past season in the list of a choice. */
export function nameSeason(season: ListedSeason): string {
  const removed = season.state === "purged" ? " · removed" : "";
  return `Season ${formatNumber(season.season)}${toSpan(season)}${removed}`;
}

/** A past season in words. */
export function describePast({ season, state, ends_at }: Pick<ListedSeason, "season" | "state" | "ends_at">): string {
  const when = ends_at === null ? "" : ` ${formatInstant(Date.parse(ends_at))}`;
  const ended = `Season ${formatNumber(season)} ended${when}.`;
  if (state === "closing") return `${ended} Its results are being counted.`;
  if (state === "incomplete") return `${ended} Some of its results are not counted yet.`;
  if (state === "purged") return `${ended} Its results are no longer kept.`;
  return `${ended} These are its final results.`;
}

/** What the page says of the season that runs, or that is to begin. */
export interface RunningTexts {
  clock: string;
  about: string;
  /** Milliseconds to the instant that the clock counts to; undefined where there is none. */
  leftMs: number | undefined;
}

interface RunningTimes {
  starts_at?: string | null | undefined;
  ends_at?: string | null | undefined;
}

/** @param nowMs by the server's clock */
export function describeRunning({ starts_at, ends_at }: RunningTimes, nowMs: number): RunningTexts {
  if (ends_at === undefined) return { clock: "", about: "", leftMs: undefined };
  const startsMs = starts_at == null ? Number.NEGATIVE_INFINITY : Date.parse(starts_at);
  const isAhead = nowMs < startsMs;
  if (ends_at === null && !isAhead) return { clock: "", about: "This season goes on.", leftMs: undefined };
  const atMs = isAhead ? startsMs : Date.parse(ends_at ?? "");
  const leftMs = atMs - nowMs;
  const verb = isAhead ? "Begins" : "Ends";
  return {
    clock: leftMs <= 0 ? `${verb} now` : `${verb} in ${formatLeft(leftMs)}`,
    about: `${verb} ${formatInstant(atMs)}.`,
    leftMs,
  };
}
