import { expect } from "bun:test";
import { createHistory, type History } from "./history.ts";
import { type Load, type LoadOptions, startLoad } from "./load.ts";
import { reportFault } from "./report.ts";
import type { Site } from "./site.ts";

export interface Fault {
  /** As the table names it. */
  name: string;
  times: number;
  /** Breaks things while the clients write. What it leaves broken, `repair` mends. */
  inject(load: Load, history: History): Promise<void>;
  /** Runs after the clients have stopped, before the stores are compared. */
  repair?(): Promise<void>;
  load?: Partial<LoadOptions>;
}

/**
 * Lets clients write while things break, and expects of the stores, once all is well again, exactly what the clients
 * were told: nothing lost, nothing doubled, and no answer that a client should never get.
 */
export async function expectNothingLost(
  site: Site,
  { name, times, inject, repair, load: options }: Fault,
): Promise<Load> {
  const history = createHistory();
  const load = await startLoad({ urls: site.gateways.map(({ url }) => url), history, ...options });
  try {
    await inject(load, history);
  } finally {
    await load.stop(); // or these clients would write on under the next fault
  }
  await repair?.();
  const verdict = await site.verify(history);
  reportFault(name, times, history, verdict);
  expect(verdict).toEqual({ lost: 0, doubled: 0, faults: [] });
  expect(load.surprises).toEqual([]);
  expect(history.writes).toBeGreaterThan(0);
  return load;
}
