import { type Comparison, cpuOf } from "../harness/comparison.ts";
import type { CellOf, Route } from "../load/route-cells.ts";

export const toCpuRow = (route: Route, cellOf: CellOf): Comparison => ({
  row: "cpu",
  what: `the gateway's CPU for a ${route.name}`,
  yardstick: "the ranker's in the same run",
  unit: "µs",
  ours: cpuOf("gateway", cellOf(route, "gateway")),
  theirs: cpuOf("ranker", cellOf(route, "gateway")),
  aims: [{ of: "ratio", at: "most", value: 0.8 }],
});
