import type { RouteLoads, Through } from "./http-loads.ts";
import type { RouteName } from "./http-routes.ts";
import type { Load } from "./load.ts";
import { type Aim, hold, type Row, type RowName, ratioAtLeast, ratioAtMost } from "./rows.ts";

/** A row that holds one way to a route against another one. */
interface Comparison {
  row: RowName;
  route: RouteName;
  what: string;
  yardstick: string;
  ways: readonly [ours: Through, theirs: Through];
  aims: readonly Aim[];
}

const REDIS_BENCHMARK = "redis-benchmark";
const CONSTANT = "Bun.serve, a constant body as long";
const PROXIED = ["submit", "rank", "top"] as const satisfies RouteName[];

const COMPARISONS: readonly Comparison[] = [
  {
    row: "submit",
    route: "submit",
    what: "submit at the ranker",
    yardstick: `${REDIS_BENCHMARK}, the same script`,
    ways: ["ranker", "yardstick"],
    aims: [ratioAtLeast(0.7)],
  },
  {
    row: "rank",
    route: "rank",
    what: "rank at the ranker",
    yardstick: `${REDIS_BENCHMARK}, bare ZREVRANK`,
    ways: ["ranker", "yardstick"],
    aims: [ratioAtLeast(0.6)],
  },
  {
    row: "top",
    route: "top",
    what: "top 100 of a region at the ranker",
    yardstick: CONSTANT,
    ways: ["ranker", "yardstick"],
    aims: [ratioAtLeast(0.7)],
  },
  {
    row: "top",
    route: "top GLOBAL",
    what: "top 100 of GLOBAL at the ranker",
    yardstick: CONSTANT,
    ways: ["ranker", "yardstick"],
    aims: [ratioAtLeast(0.7)],
  },
  ...PROXIED.map(
    (route): Comparison => ({
      row: "proxy",
      route,
      what: `${route} through the gateway`,
      yardstick: "nginx, a plain proxy",
      ways: ["gateway", "nginx"],
      aims: [ratioAtLeast(1)],
    }),
  ),
];

const CPU_SHARE_MAX = 0.8;

/** The ways that each route has to be measured on for these rows. */
export function waysOf(rows: readonly RowName[]): Map<RouteName, Through[]> {
  const wanted = COMPARISONS.filter(({ row }) => rows.includes(row)).flatMap(({ route, ways }) =>
    // Theirs first, as it is shown.
    ways.toReversed().map((through) => ({ route, through })),
  );
  // Half of what a ranker takes is what a drainer is held to.
  if (rows.includes("visible")) wanted.push({ route: "submit", through: "ranker" });
  // For memory alone any load will do that goes through both services.
  if (rows.includes("cpu") || rows.includes("memory"))
    wanted.push(...PROXIED.map((route) => ({ route, through: "gateway" as const })));
  const byRoute = Map.groupBy(wanted, ({ route }) => route);
  return new Map([...byRoute].map(([route, ways]) => [route, [...new Set(ways.map(({ through }) => through))]]));
}

/** Rows 1 to 5 of what was measured; those of which a side was not measured are left out. */
export function toHttpRows(rows: readonly RowName[], measured: readonly RouteLoads[]): Row[] {
  const loadsOf = (route: RouteName, through: Through) =>
    measured.find((each) => each.route === route && each.through === through)?.loads;
  const compared = COMPARISONS.filter(({ row }) => rows.includes(row)).flatMap((comparison): Row[] => {
    const { route, ways, ...texts } = comparison;
    const [ours, theirs] = [loadsOf(route, ways[0]), loadsOf(route, ways[1])];
    if (ours === undefined || theirs === undefined) return [];
    return [{ ...texts, unit: "/s", ...hold(ours.map(rateOf), theirs.map(rateOf)), faults: faultsOf(ours, theirs) }];
  });
  const shares = (rows.includes("cpu") ? PROXIED : []).flatMap((route): Row[] => {
    const loads = loadsOf(route, "gateway");
    if (loads === undefined) return [];
    const cpuOf = (process: string) => loads.map(({ cpuUs }) => cpuUs[process] ?? Number.NaN);
    return [
      {
        row: "cpu",
        what: `the gateway's CPU for a ${route}`,
        yardstick: "the ranker's in the same run",
        unit: "µs",
        ...hold(cpuOf("gateway"), cpuOf("ranker")),
        aims: [ratioAtMost(CPU_SHARE_MAX)],
        faults: faultsOf(loads),
      },
    ];
  });
  return [...compared, ...shares];
}

const rateOf = ({ ratePerSecond }: Load) => ratePerSecond;

const faultsOf = (...sides: readonly Load[][]) => [...new Set(sides.flat().flatMap(({ faults }) => faults))];
