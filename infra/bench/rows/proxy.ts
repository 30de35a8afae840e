import { type Comparison, rateOf } from "../harness/comparison.ts";
import type { CellOf, Route } from "../load/route-cells.ts";

export const toProxyRow = (route: Route, cellOf: CellOf): Comparison => ({
  row: "proxy",
  what: `${route.name} through the gateway`,
  yardstick: "nginx, a plain proxy",
  unit: "/s",
  ours: rateOf(cellOf(route, "gateway")),
  theirs: rateOf(cellOf(route, "nginx")),
  aims: [{ of: "ratio", at: "least", value: 1 }],
});
