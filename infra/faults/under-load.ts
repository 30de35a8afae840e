import { expect } from "bun:test";
import { createHistory, type History, type Verdict } from "./history.ts";
import { type Load, type LoadOptions, startLoad } from "./load.ts";
import { reportFault } from "./report.ts";
import { type SeasonsBesideOptions, startSeasonsBeside } from "./seasons/seasons-beside.ts";
import type { Site } from "./site.ts";

export interface Fault {
  /** As the table names it. */
  name: string;
  /** How often it is caused; once by default. */
  times?: number;
  /** Causes the fault number `n`, from 0 on, while the clients write. */
  inject(load: Load, history: History, n: number): Promise<void>;
  /** Ends the fault after the clients have stopped, before the stores are compared. */
  repair?(): Promise<void>;
  load?: Partial<LoadOptions>;
  /** How the board with seasons is played on that is beside every fault. */
  seasons?: SeasonsBesideOptions;
}

/**
 * Lets clients write during a fault, and checks afterwards that no acknowledged write is lost or
 * doubled, and that no client got an answer that it should not get. On a board with seasons each
 * write has to be in the season that its answer names, and every season that ended becomes final.
 */
export async function expectNothingLost(
  site: Site,
  { name, times = 1, inject, repair, load: options, seasons: play }: Fault,
): Promise<Load> {
  const history = createHistory();
  const urls = options?.urls ?? site.gateways.map(({ url }) => url);
  const load = await startLoad({ urls, history, ...options });
  const seasons = await startSeasonsBeside(site, { urls, ...play });
  try {
    for (let n = 0; n < times; n++) await inject(load, history, n);
  } catch (error) {
    site.heal(); // else the clients would never be answered, and that would hide the error
    throw error;
  } finally {
    // Also after a failure: the clients must not write on during the next fault.
    await Promise.all([load.stop(), seasons.stop()]);
  }
  await repair?.();
  const verdict = await site.verify(history);
  const { verdict: inSeasons, finals } = await seasons.check();
  reportFault(name, times, history, add(verdict, inSeasons), finals.length);
  expect(verdict).toEqual({ lost: 0, doubled: 0, faults: [] });
  expect(inSeasons).toEqual({ lost: 0, doubled: 0, faults: [] });
  expect(load.surprises).toEqual([]);
  expect(history.writes).toBeGreaterThan(0);
  return load;
}

const add = (one: Verdict, other: Verdict): Verdict => ({
  lost: one.lost + other.lost,
  doubled: one.doubled + other.doubled,
  faults: [...one.faults, ...other.faults],
});
