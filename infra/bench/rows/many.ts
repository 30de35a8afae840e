import { GLOBAL } from "shared/model/regions";
import { type Comparison, cpuOf } from "../harness/row.ts";
import { type HttpSite, toRouteCell } from "../load/http-cells.ts";
import type { WrkRequest } from "../load/wrk.ts";
import { REGION } from "../stage/topology.ts";

const IDS = 200;

/** Reads of many players beside reads of one, each by one client that waits for the answer. */
export function compareMany(site: HttpSite, players: number): Comparison[] {
  const alone = { ...site, connections: 1 };
  const toCell = (name: string, request: WrkRequest) =>
    toRouteCell(alone, { name, request, isWrite: false }, ["ranker", site.ranker]);
  return [REGION, GLOBAL].map((region) => ({
    row: "many",
    what: `CPU for the ranks of ${IDS} players of ${region}`,
    yardstick: `for one rank of ${region}`,
    unit: "µs",
    ours: cpuOf(["ranker", "redis"], toCell(`ranks ${region}, one client`, ["ranks", players, region, IDS])),
    theirs: cpuOf(["ranker", "redis"], toCell(`rank ${region}, one client`, ["rank", players, region])),
    aims: region === GLOBAL ? [] : [{ of: "ratio", at: "most", value: 8 }],
  }));
}
