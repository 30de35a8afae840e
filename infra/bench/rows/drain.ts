import { warmUp } from "../harness/rounds.ts";
import { atLeast, cellsOf, compareRates, type Measured, measureComparisons } from "../harness/row.ts";
import { LONG_ROUNDS_MAX, type RowRun } from "../ratios/options.ts";
import { startDrainSite } from "../stage/drain-site.ts";
import { createEvents } from "../stage/queued-events.ts";
import { watchMemory } from "./memory.ts";

/**
 * Compares the drainer with bare upserts, for distinct users and for users that write repeatedly.
 */
export async function measureDrain({ dir, options, say }: RowRun): Promise<Measured> {
  const { events, players } = options;
  say("starting a drainer");
  await using stack = new AsyncDisposableStack();
  const site = await startDrainSite(stack, dir);
  const toComparison = (name: string, users: number) => {
    const stream = createEvents(events, Math.min(users, events));
    const texts = {
      row: "drain",
      what: `drain ${events.toLocaleString("en")} events of ${name}`,
      yardstick: "bare upserts of the same events, batch by batch, one connection",
      aims: [...atLeast(0.9), { of: "ours", at: "least", value: 40_000 }],
    } as const;
    const ours = { name: `events of ${name}, drainer`, measure: () => site.drain(stream) };
    return compareRates(texts, ours, {
      name: `events of ${name}, bare upserts`,
      measure: () => site.writeBare(stream),
    });
  };
  const comparisons = [
    toComparison("distinct users", events),
    toComparison(`${players.toLocaleString("en")} users`, players),
  ];
  const memory = watchMemory({ drainer: site.drainerPid });
  // With a tenth of the events here, the drainer's memory still grew to 1.6 times in the rounds.
  await warmUp(cellsOf(comparisons), say);
  memory.markWarm();
  const rounds = Math.min(options.rounds, LONG_ROUNDS_MAX);
  const what = `draining ${events} events twice`;
  const measured = await measureComparisons(comparisons, { rounds, what, say });
  return { rows: [...measured.rows, ...memory.toRows()], loads: measured.loads };
}
