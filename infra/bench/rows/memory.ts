import type { Processes } from "../harness/load.ts";
import { readProcessCost } from "../harness/process-cost.ts";
import { type Aim, type Row, toRow } from "../harness/row.ts";

const MB = 1e6;
// Garbage that is not yet collected varies by less than this; a leak grows without end.
const GROWTH_MAX: Aim = { of: "ratio", at: "most", value: 1.25 };

const readResident = (pid: number) => readProcessCost(pid).residentBytes;

/**
 * Compares the memory of services at the end of load with that after they have met every load once.
 * Call it when the services have just started, `markWarm` after the warm-up, `toRows` at the end.
 */
export function watchMemory(services: Processes, read = readResident): { markWarm(): void; toRows(): Row[] } {
  const readAll = () => new Map(Object.entries(services).map(([name, pid]) => [name, read(pid) / MB]));
  const atStart = readAll();
  let whenWarm = atStart;
  const toMemoryRow = ([name, atEnd]: [string, number]) => {
    const what = `memory of the ${name} at the end of load`;
    const yardstick = `once warmed up (${atStart.get(name)?.toFixed(0)} MB when started)`;
    const figures = { ours: [atEnd], theirs: [whenWarm.get(name) ?? Number.NaN] };
    return toRow({ row: "memory", what, yardstick, unit: "MB", aims: [GROWTH_MAX] }, figures);
  };
  return {
    markWarm() {
      whenWarm = readAll();
    },
    toRows: () => [...readAll()].map(toMemoryRow),
  };
}
