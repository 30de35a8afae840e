import { type Drained, startDrainSite } from "./drain-site.ts";
import { type LoadFigures, toLoadFigures } from "./load-figures.ts";
import type { MemoryWatch } from "./memory-watch.ts";
import { createEvents } from "./queued-events.ts";
import { measureInRounds } from "./rounds.ts";
import { hold, oursAtLeast, type Row, ratioAtLeast } from "./rows.ts";

export interface DrainOptions {
  dir: string;
  events: number;
  /** Of those who are written again and again. */
  users: number;
  rounds: number;
  memory: MemoryWatch;
  say: (text: string) => void;
}

/** Both ways of one round. */
interface Pair {
  bare: Drained;
  ours: Drained;
  faults: string[];
}

const RATIO_MIN = 0.9;
const RATE_MIN = 40_000;
const WARM_UP_SHARE = 0.1;

/** Holds the drainer, on a queue of distinct users and on one of the same ones again and again, against bare upserts. */
export async function measureDrain(options: DrainOptions): Promise<{ rows: Row[]; loads: LoadFigures[] }> {
  const { dir, events, users, rounds, memory, say } = options;
  say("starting a drainer");
  const site = await startDrainSite(dir);
  const toCell = (name: string, of: number) => ({
    name,
    async measure(count = events): Promise<Pair> {
      const stream = createEvents(count, Math.min(of, count));
      const pair = { bare: await site.writeBarely(stream), ours: await site.drain(stream) };
      const faults = (await site.agree()) ? [] : ["the drainer has left other rows than the bare upserts"];
      return { ...pair, faults };
    },
  });
  try {
    const service = { drainer: site.drainerPid };
    const cells = [toCell("distinct users", events), toCell(`${users.toLocaleString("en")} users`, users)];
    memory.look("start", service);
    say("warming up the drainer");
    for (const cell of cells) await cell.measure(Math.ceil(events * WARM_UP_SHARE));
    memory.look("warm", service);
    const onRound = (round: number) => say(`draining ${events} events twice, round ${round} of ${rounds}`);
    const measured = [...(await measureInRounds(cells, { rounds, warmsUp: false, onRound }))];
    memory.look("end", service);
    return {
      rows: measured.map(([{ name }, pairs]) => toRow(`drain ${events.toLocaleString("en")} events of ${name}`, pairs)),
      loads: measured.flatMap(([{ name }, pairs]) =>
        (["bare", "ours"] as const).map((way) => {
          const by = way === "ours" ? "drainer" : "bare upserts";
          return toLoadFigures(
            `events of ${name}, ${by}`,
            pairs.map((pair) => pair[way]),
          );
        }),
      ),
    };
  } finally {
    await site.dispose();
  }
}

const toRow = (what: string, pairs: readonly Pair[]): Row => ({
  row: "drain",
  what,
  unit: "/s",
  yardstick: "bare upserts of the same events, batch by batch, one connection",
  ...hold(
    pairs.map(({ ours }) => ours.ratePerSecond),
    pairs.map(({ bare }) => bare.ratePerSecond),
  ),
  aims: [ratioAtLeast(RATIO_MIN), oursAtLeast(RATE_MIN)],
  faults: [...new Set(pairs.flatMap(({ faults }) => faults))],
});
