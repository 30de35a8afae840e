import { expect } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "shared/redis/redis";
import { reportFault } from "../report.ts";
import type { Site } from "../site.ts";
import type { HomeSeason } from "./read-seasons.ts";
import { type SeasonsBeside, type SeasonsBesideOptions, startSeasonsBeside } from "./seasons-beside.ts";

export interface SeasonFault {
  /** As the table names it. */
  name: string;
  /** How often it is caused; once by default. */
  times?: number;
  play?: SeasonsBesideOptions;
  /** Causes the fault number `n`, from 0 on, while players write. */
  inject(play: SeasonsBeside, n: number): Promise<void>;
  /** Where the services write, that of the accounts first; that of the site unless given. */
  redises?: Redis[];
}

/**
 * Lets players write on a board with short seasons during a fault, and checks all its seasons.
 *
 * @returns the seasons that are final, the oldest first
 */
export async function expectSeasonsKept(
  site: Site,
  { name, times = 1, play: options, inject, redises = [] }: SeasonFault,
): Promise<HomeSeason[]> {
  const play = await startSeasonsBeside(site, options);
  try {
    for (let n = 0; n < times; n++) await inject(play, n);
  } catch (error) {
    site.heal(); // else the players would never be answered, and that would hide the error
    throw error;
  } finally {
    await play.stop();
  }
  await site.drained();
  const { verdict, finals } = await play.check(...redises);
  reportFault(name, times, play.history, verdict, finals.length);
  expect(verdict).toEqual({ lost: 0, doubled: 0, faults: [] });
  expect(play.history.writes).toBeGreaterThan(0);
  return finals;
}

/** Waits until some time before or behind the next end of seasons that last `everyMs`. */
export async function nearBoundary(everyMs: number, offsetMs: number): Promise<void> {
  const now = Date.now();
  const next = Math.ceil((now - offsetMs) / everyMs) * everyMs + offsetMs;
  await delay(next - now);
}
