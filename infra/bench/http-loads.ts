import { queueKey } from "shared/keys";
import { shardOf } from "shared/regions";
import { type BoardUnderLoad, REGION, TOPOLOGY } from "./board-under-load.ts";
import type { Route, RouteName } from "./http-routes.ts";
import { type Driven, type Load, measureLoad } from "./load.ts";
import { runRedisBenchmark } from "./redis-benchmark.ts";
import { type Cell, measureInRounds } from "./rounds.ts";
import { type BenchService, startBun } from "./services.ts";
import { startTrickle } from "./trickle.ts";
import { runWrk } from "./wrk.ts";

/** What answers: the yardstick of a route, or a ranker, alone or behind one of two proxies. */
export type Through = "yardstick" | "ranker" | "nginx" | "gateway";

/** The loads of each round, of one route through one way. */
export interface RouteLoads {
  route: RouteName;
  through: Through;
  loads: Load[];
}

export interface HttpSite {
  readonly dir: string;
  readonly board: BoardUnderLoad;
  readonly ranker: BenchService;
  /** Absent where it was not asked for, or is not installed. */
  readonly gateway?: BenchService | undefined;
  readonly nginx?: BenchService | undefined;
}

export interface HttpSettings {
  connections: number;
  seconds: number;
  rounds: number;
  /** Submits a second beside reads: a board that nobody writes to would be no board. */
  writesPerSecond: number;
}

// Of a command that has not been timed yet.
const FIRST_RATE = 20_000;
const QUEUE = queueKey(shardOf(TOPOLOGY, REGION, ""));

/** Puts the load of every route on every way there is, in rounds. */
export async function measureRoutes(
  site: HttpSite,
  routes: readonly (Route & { ways: readonly Through[] })[],
  settings: HttpSettings,
  onRound: (round: number) => void,
): Promise<RouteLoads[]> {
  const { board, ranker, gateway, nginx } = site;
  const constants: BenchService[] = [];
  const redis = { redis: board.redis.pid };

  async function toDrive(route: Route, through: Through): Promise<(() => Promise<Load>) | undefined> {
    if (through === "yardstick") return toYardstick(route);
    const proxy = { ranker: undefined, nginx, gateway }[through];
    if (through !== "ranker" && proxy === undefined) return undefined;
    const { url } = proxy ?? ranker;
    const processes = { ...redis, ranker: ranker.pid, ...(proxy === undefined ? {} : { [through]: proxy.pid }) };
    return () =>
      besideWrites(route, () => measureLoad(processes, () => runWrk({ ...settings, url, asked: route.asked })));
  }

  async function toYardstick({ yardstick, isWrite }: Route): Promise<() => Promise<Load>> {
    if ("path" in yardstick) {
      const body = await (await fetch(ranker.url + yardstick.path)).arrayBuffer();
      const constant = await startConstant(site.dir, body.byteLength);
      constants.push(constant);
      const options = { ...settings, url: constant.url, asked: ["get", "/"] as ["get", string] };
      return () => measureLoad({ constant: constant.pid }, () => runWrk(options));
    }
    const { command, players } = yardstick;
    let rate = FIRST_RATE;
    const drive = async (): Promise<Driven> => {
      const requests = Math.ceil(rate * settings.seconds);
      const options = { port: board.redis.port, clients: settings.connections, randomBelow: players, command };
      const driven = await runRedisBenchmark({ ...options, requests });
      rate = driven.requests / driven.seconds;
      return driven;
    };
    return () => emptied(isWrite, () => measureLoad(redis, drive));
  }

  const besideWrites = async (route: Route, measure: () => Promise<Load>): Promise<Load> => {
    if (route.isWrite || settings.writesPerSecond === 0) return emptied(route.isWrite, measure);
    const trickle = startTrickle(ranker.url, board.tokens, settings.writesPerSecond);
    try {
      const load = await measure();
      const faults = await trickle.stop();
      return { ...load, faults: [...load.faults, ...faults] };
    } finally {
      await trickle.stop();
      await board.admin.send("UNLINK", [QUEUE]);
    }
  };

  /** Every write leaves an event; nothing takes them away here. */
  async function emptied(isWrite: boolean, measure: () => Promise<Load>): Promise<Load> {
    const load = await measure();
    if (!isWrite) return load;
    const events = Number(await board.admin.send("LLEN", [QUEUE]));
    await board.admin.send("UNLINK", [QUEUE]);
    const faults = events >= load.requests ? [] : [`${load.requests} submits left ${events} events`];
    return { ...load, faults: [...load.faults, ...faults] };
  }

  try {
    const cells: (Cell<Load> & { route: RouteName; through: Through })[] = [];
    for (const route of routes) {
      for (const through of route.ways) {
        const measure = await toDrive(route, through);
        if (measure !== undefined)
          cells.push({ name: `${route.name} ${through}`, route: route.name, through, measure });
      }
    }
    const measured = await measureInRounds(cells, settings.rounds, onRound);
    return cells.map((cell) => ({ route: cell.route, through: cell.through, loads: measured.get(cell) ?? [] }));
  } finally {
    await Promise.all(constants.map((constant) => constant.kill()));
  }
}

const startConstant = (dir: string, bytes: number) =>
  startBun(`${import.meta.dir}/constant-server.ts`, `constant-${bytes}.log`, dir, { BODY_BYTES: String(bytes) });
