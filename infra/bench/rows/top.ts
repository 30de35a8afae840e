import { type Comparison, rateOf } from "../harness/comparison.ts";
import type { CellOf, Route } from "../load/route-cells.ts";

/** @param view as the report names it */
export const toTopRow = (top: Route, view: string, cellOf: CellOf): Comparison => ({
  row: "top",
  what: `top 100 of ${view} at the ranker`,
  yardstick: "Bun.serve, a constant body as long",
  unit: "/s",
  ours: rateOf(cellOf(top, "ranker")),
  theirs: rateOf(cellOf(top, "yardstick")),
  aims: [{ of: "ratio", at: "least", value: 0.7 }],
});

/** Top lists of a view, and a Bun server whose answer is as long. */
export const toTopRoute = (name: string, view: string): Route => {
  const path = `/top?region=${view}`;
  return { name, request: ["get", path], isWrite: false, yardstick: { path } };
};
