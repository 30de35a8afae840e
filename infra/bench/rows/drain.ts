import { type Comparison, measureComparisons, rateOf } from "../harness/comparison.ts";
import type { Measured } from "../harness/row.ts";
import type { RowRun } from "../ratios/options.ts";
import { startDrainSite } from "../stage/drain-site.ts";
import { createEvents } from "../stage/queued-events.ts";
import { watchMemory } from "./memory.ts";

const WARM_UP_SHARE = 0.1;

/** Compares the drainer with bare upserts, on a queue of distinct users and on one of users that write repeatedly. */
export async function measureDrain({ dir, options, say }: RowRun): Promise<Measured> {
  const { events, players, rounds } = options;
  say("starting a drainer");
  await using site = await startDrainSite(dir);
  const toRow = (name: string, users: number): Comparison => {
    const stream = createEvents(events, Math.min(users, events));
    return {
      row: "drain",
      what: `drain ${events.toLocaleString("en")} events of ${name}`,
      yardstick: "bare upserts of the same events, batch by batch, one connection",
      unit: "/s",
      ours: rateOf({ name: `events of ${name}, drainer`, measure: () => site.drain(stream) }),
      theirs: rateOf({ name: `events of ${name}, bare upserts`, measure: () => site.writeBare(stream) }),
      aims: [
        { of: "ratio", at: "least", value: 0.9 },
        { of: "ours", at: "least", value: 40_000 },
      ],
    };
  };
  const memory = watchMemory({ drainer: site.drainerPid });
  say("warming up the drainer");
  const few = Math.ceil(events * WARM_UP_SHARE);
  for (const users of [few, Math.min(players, few)]) {
    await site.writeBare(createEvents(few, users));
    await site.drain(createEvents(few, users));
  }
  memory.markWarm();
  const comparisons = [toRow("distinct users", events), toRow(`${players.toLocaleString("en")} users`, players)];
  const onRound = (round: number) => say(`draining ${events} events twice, round ${round} of ${rounds}`);
  const measured = await measureComparisons(comparisons, { rounds, warmsUp: false, onRound });
  return { rows: [...measured.rows, ...memory.toRows()], loads: measured.loads };
}
