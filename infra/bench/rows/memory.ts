import type { Processes } from "../harness/load.ts";
import { readProcessCost } from "../harness/process-cost.ts";
import { type Aim, compare, type Row } from "../harness/row.ts";

/** Compares the memory of services at the end of load with that after they have met every load once. */
export interface MemoryWatch {
  markWarm(): void;
  /** Reads the memory at the end of load. */
  toRows(): Row[];
}

const MB = 1e6;
// Garbage that is not yet collected varies by less than this; a leak grows without end.
const GROWTH_MAX: Aim = { of: "ratio", at: "most", value: 1.25 };

/** Call it when the services have just started. */
export function watchMemory(
  services: Processes,
  read = (pid: number) => readProcessCost(pid).residentBytes,
): MemoryWatch {
  const readAll = () => new Map(Object.entries(services).map(([name, pid]) => [name, read(pid) / MB]));
  const atStart = readAll();
  let whenWarm = atStart;
  return {
    markWarm: () => {
      whenWarm = readAll();
    },
    toRows: () =>
      [...readAll()].map(([name, atEnd]) => ({
        row: "memory",
        what: `memory of the ${name} at the end of load`,
        yardstick: `once warmed up (${atStart.get(name)?.toFixed(0)} MB when started)`,
        unit: "MB",
        ...compare([atEnd], [whenWarm.get(name) ?? Number.NaN]),
        aims: [GROWTH_MAX],
        faults: [],
      })),
  };
}
