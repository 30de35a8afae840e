import { expect } from "bun:test";
import { createHistory, type History } from "./history.ts";
import { type Load, type LoadOptions, startLoad } from "./load.ts";
import { reportFault } from "./report.ts";
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
}

/**
 * Lets clients write during a fault, and checks afterwards that no acknowledged write is lost or
 * doubled, and that no client got an answer that it should not get.
 */
export async function expectNothingLost(
  site: Site,
  { name, times = 1, inject, repair, load: options }: Fault,
): Promise<Load> {
  const history = createHistory();
  const load = await startLoad({ urls: site.gateways.map(({ url }) => url), history, ...options });
  try {
    for (let n = 0; n < times; n++) await inject(load, history, n);
  } catch (error) {
    site.heal(); // else the clients would never be answered, and that would hide the error
    throw error;
  } finally {
    await load.stop(); // also after a failure: the clients must not write on during the next fault
  }
  await repair?.();
  const verdict = await site.verify(history);
  reportFault(name, times, history, verdict);
  expect(verdict).toEqual({ lost: 0, doubled: 0, faults: [] });
  expect(load.surprises).toEqual([]);
  expect(history.writes).toBeGreaterThan(0);
  return load;
}
