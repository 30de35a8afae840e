import type { Processes } from "./load.ts";
import { readProcessCost } from "./process-cost.ts";
import { hold, type Row, ratioAtMost } from "./rows.ts";

/** When a service was looked at: just started, once it had met every load, and when all loads were over. */
export type Moment = "start" | "warm" | "end";

/** What services hold in memory while they are under load. */
export interface MemoryWatch {
  look(moment: Moment, services: Processes): void;
  rows(): Row[];
}

const MB = 1e6;
// What is flat: garbage that is still to be collected comes and goes, a leak goes on.
const GROWTH_MAX = 1.25;

export function createMemoryWatch(read = (pid: number) => readProcessCost(pid).residentBytes): MemoryWatch {
  const seen = new Map<string, Partial<Record<Moment, number>>>();
  return {
    look(moment, services) {
      for (const [name, pid] of Object.entries(services)) {
        seen.set(name, { ...seen.get(name), [moment]: read(pid) / MB });
      }
    },
    rows: () =>
      [...seen].flatMap(([name, { start, warm, end }]): Row[] => {
        if (start === undefined || warm === undefined || end === undefined) return [];
        const yardstick = `once warmed up (${start.toFixed(0)} MB when started)`;
        return [
          {
            row: "memory",
            what: `memory of the ${name} at the end of load`,
            yardstick,
            unit: "MB",
            faults: [],
            ...hold([end], [warm]),
            aims: [ratioAtMost(GROWTH_MAX)],
          },
        ];
      }),
  };
}
