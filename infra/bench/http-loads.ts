import { shardOf } from "shared/model/regions";
import { queueKey } from "shared/redis/keys";
import { REGION, TOPOLOGY } from "./board-under-load.ts";
import type { Route, RouteName } from "./http-routes.ts";
import type { HttpSettings, HttpSite } from "./http-site.ts";
import { type Load, measureLoad } from "./load.ts";
import { measureInRounds, type Rounds } from "./rounds.ts";
import { startTrickle } from "./trickle.ts";
import { runWrk } from "./wrk.ts";
import { startYardstick } from "./yardsticks.ts";

/** What answers: the yardstick of a route, or a ranker, alone or behind one of two proxies. */
export type Through = "yardstick" | "ranker" | "nginx" | "gateway";

/** The loads of each round, of one route through one way. */
export interface RouteLoads {
  route: RouteName;
  through: Through;
  loads: Load[];
}

const QUEUE = queueKey(shardOf(TOPOLOGY, REGION, ""));

type RouteCell = Omit<RouteLoads, "loads"> & { name: string; measure(): Promise<Load> };

/** Puts the load of every route on every way there is, in rounds. */
export async function measureRoutes(
  site: HttpSite,
  routes: readonly (Route & { ways: readonly Through[] })[],
  settings: HttpSettings,
  { onRound, onRepeat }: Pick<Rounds, "onRound" | "onRepeat">,
): Promise<RouteLoads[]> {
  const { board, ranker, gateway, nginx } = site;
  await using stack = new AsyncDisposableStack();

  async function toCell(route: Route, through: Through): Promise<RouteCell[]> {
    const named = { name: `${route.name}, ${through}`, route: route.name, through };
    if (through === "yardstick") {
      const { processes, drive, stop } = await startYardstick(site, route, settings);
      stack.defer(stop);
      const measure = () => measureLoad(processes, drive);
      return [{ ...named, measure: route.isWrite ? () => countingEvents(measure) : measure }];
    }
    const proxy = { ranker: undefined, nginx, gateway }[through];
    if (through !== "ranker" && proxy === undefined) return [];
    const processes = { redis: board.redis.pid, ranker: ranker.pid };
    const all = proxy === undefined ? processes : { ...processes, [through]: proxy.pid };
    const { url } = proxy ?? ranker;
    const measure = () => measureLoad(all, () => runWrk({ ...settings, url, asked: route.asked }));
    return [{ ...named, measure: () => (route.isWrite ? countingEvents(measure) : besideWrites(measure)) }];
  }

  /** Every write leaves an event, which nothing takes away here. */
  async function countingEvents(measure: () => Promise<Load>): Promise<Load> {
    const load = await measure();
    const events = Number(await board.admin.send("LLEN", [QUEUE]));
    await board.admin.send("UNLINK", [QUEUE]);
    const faults = events >= load.requests ? [] : [`${load.requests} submits left ${events} events`];
    return { ...load, faults: [...load.faults, ...faults] };
  }

  async function besideWrites(measure: () => Promise<Load>): Promise<Load> {
    if (settings.writesPerSecond === 0) return measure();
    const trickle = startTrickle(ranker.url, board.tokens, settings.writesPerSecond);
    const load = await measure().finally(trickle.stop);
    await board.admin.send("UNLINK", [QUEUE]);
    return { ...load, faults: [...load.faults, ...(await trickle.stop())] };
  }

  const cells: RouteCell[] = [];
  for (const route of routes) for (const way of route.ways) cells.push(...(await toCell(route, way)));
  const measured = await measureInRounds(cells, { rounds: settings.rounds, warmsUp: true, onRound, onRepeat });
  return [...measured].map(([{ route, through }, loads]) => ({ route, through, loads }));
}
