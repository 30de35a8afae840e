import { setTimeout as delay } from "node:timers/promises";
import { longestHoldMs, watchHolds } from "../boards/longest-hold.ts";
import { type Row, toRow } from "../harness/row.ts";
import { probeLive } from "./probe-live.ts";
import type { SeasonSite } from "./season-site.ts";

const LOOK_MS = 20;
/** How long requests are timed before the end. */
export const BEFORE_MS = 4_000;
/** How long a season may take to be final. */
const FINAL_MAX_MS = 300_000;

export interface Ending {
  /** What ends, in words. */
  what: string;
  boards: readonly string[];
  /** Milliseconds since the epoch. */
  endsAtMs: number;
  /** The most that it may take until all are final, in seconds. */
  finalMaxSeconds: number;
  say(text: string): void;
}

/**
 * Times requests before the end of the first season of some boards, and from there until all are
 * final.
 */
export async function endSeasons(
  site: SeasonSite,
  { what, boards, endsAtMs, finalMaxSeconds, say }: Ending,
): Promise<Row[]> {
  const probe = probeLive(site, boards);
  await delay(endsAtMs - BEFORE_MS - Date.now());
  const startedAt = performance.now();
  await watchHolds(site.redis.admin);
  await delay(endsAtMs - Date.now());
  const endedAt = performance.now();
  const holdBefore = await longestHoldMs(site.redis.admin);
  let final = 0;
  while (final < boards.length && performance.now() < endedAt + FINAL_MAX_MS) {
    const [row] = await site.home<{ count: string }[]>`
      SELECT count(*)::text AS count FROM seasons WHERE season = 1 AND state = 'final' AND board = ANY(${[...boards]})`;
    final = Number(row?.count);
    await delay(LOOK_MS);
  }
  const finalAt = performance.now();
  const hold = await longestHoldMs(site.redis.admin);
  await probe.stop();
  say(`${what}: final after ${((finalAt - endedAt) / 1000).toFixed(1)} s`);
  const faults: string[] = [];
  if (final < boards.length) faults.push(`${boards.length - final} seasons are not final`);
  for (const [why, times] of probe.failed) faults.push(`${times} requests failed: ${why}`);
  const texts = { row: "seasons", yardstick: "", aims: [] } as const;
  const before = "the same before the end";
  const p99 = (kind: "read" | "write") => ({
    ours: [probe.p99(kind, endedAt, finalAt)],
    theirs: [probe.p99(kind, startedAt, endedAt)],
    faults,
  });
  return [
    toRow(
      { ...texts, what: `${what}: final after`, unit: "s", aims: [{ of: "ours", at: "most", value: finalMaxSeconds }] },
      { ours: [(finalAt - endedAt) / 1000], faults },
    ),
    toRow({ ...texts, what: `${what}: p99 of a top meanwhile`, yardstick: before, unit: "ms" }, p99("read")),
    toRow({ ...texts, what: `${what}: p99 of a write meanwhile`, yardstick: before, unit: "ms" }, p99("write")),
    toRow(
      { ...texts, what: `${what}: longest hold of Redis`, yardstick: before, unit: "ms" },
      { ours: [hold], theirs: [holdBefore] },
    ),
  ];
}
