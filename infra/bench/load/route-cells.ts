import { queueKey } from "shared/redis/keys";
import { type Driven, type Load, type LoadCell, measureLoad, type Processes } from "../harness/load.ts";
import type { Board } from "../stage/board.ts";
import { type BenchService, startConstantServer } from "../stage/services.ts";
import { SHARD } from "../stage/topology.ts";
import { runRedisBenchmark } from "./redis-benchmark.ts";
import { startSubmits } from "./submits.ts";
import { runWrk, type WrkRequest } from "./wrk.ts";

/** A request, and the least that a bare server does to answer it. */
export interface Route {
  readonly name: string;
  readonly request: WrkRequest;
  readonly isWrite: boolean;
  /** A command of Redis for random players below a number, or an answer as long as that of a path. */
  readonly yardstick: { command: readonly string[]; players: number } | { path: string };
}

/** The yardstick of a route, a ranker alone, or a proxy before it. */
export type Target = "yardstick" | "ranker" | "nginx" | "gateway";

export interface HttpSite extends Record<"ranker" | "gateway", BenchService> {
  readonly dir: string;
  readonly board: Board;
  /** Absent where it is not installed. */
  readonly nginx: BenchService | undefined;
}

export interface RouteOptions {
  connections: number;
  seconds: number;
  /** Submits a second beside reads, because a real board changes while it is read. */
  writes: number;
}

/** The load of a route on a target; the same cell each time. */
export type CellOf = (route: Route, target: Target) => LoadCell;

/** Yardsticks start when they are first measured, and stop when this is disposed. */
interface RouteCells extends AsyncDisposable {
  cellOf: CellOf;
}

interface Driver {
  processes: Processes;
  drive(): Promise<Driven>;
}

// Of a command that has not been timed yet.
const FIRST_RATE = 20_000;

export function createRouteCells(site: HttpSite, options: RouteOptions): RouteCells {
  const stack = new AsyncDisposableStack();
  const { board, ranker } = site;
  const { connections, seconds, writes } = options;
  const { admin } = board.redis;
  const redis = board.redis.pid;
  const cells = new Map<string, LoadCell>();

  const toWrkDriver = (processes: Processes, url: string, request: WrkRequest): Driver => ({
    processes,
    drive: () => runWrk({ url, request, connections, seconds }),
  });

  async function startDriver({ request, yardstick }: Route, target: Target): Promise<Driver> {
    if (target !== "yardstick") {
      const service = site[target];
      if (service === undefined) throw new Error(`${target} is not installed`);
      return toWrkDriver({ redis, ranker: ranker.pid, [target]: service.pid }, service.url, request);
    }
    if ("path" in yardstick) {
      const { byteLength } = await (await fetch(ranker.url + yardstick.path)).arrayBuffer();
      const server = stack.use(await startConstantServer(site.dir, byteLength));
      return toWrkDriver({ constant: server.pid }, server.url, ["get", "/"]);
    }
    const { command, players } = yardstick;
    let rate = FIRST_RATE;
    return {
      processes: { redis },
      async drive() {
        // redis-benchmark takes a number of requests instead of a duration.
        const requests = Math.ceil(rate * seconds);
        const { port } = board.redis;
        const driven = await runRedisBenchmark({ port, clients: connections, requests, randomBelow: players, command });
        rate = driven.items / driven.seconds;
        return driven;
      },
    };
  }

  /** Each write must leave an event; nothing drains the queue here. */
  async function countEvents(load: Load): Promise<Load> {
    const events = Number(await admin.send("LLEN", [queueKey(SHARD)]));
    return events >= load.items ? load : withFault(load, `${load.items} submits left ${events} events`);
  }

  async function besideWrites(measure: () => Promise<Load>): Promise<Load> {
    const next = () => Math.floor(Math.random() * board.tokens.length);
    const submits = startSubmits({ url: ranker.url, tokens: board.tokens, perSecond: writes, next });
    const load = await measure().finally(submits.stop);
    const refused = await submits.stop();
    return refused === 0 ? load : withFault(load, `${refused} writes beside the reads were refused`);
  }

  function toCell(name: string, route: Route, target: Target): LoadCell {
    let driver: Driver | undefined;
    return {
      name,
      async measure() {
        driver ??= await startDriver(route, target);
        const { processes, drive } = driver;
        const measure = () => measureLoad(processes, drive);
        const isBesideWrites = !route.isWrite && target !== "yardstick" && writes > 0;
        const load = await (isBesideWrites ? besideWrites(measure) : measure());
        const checked = route.isWrite ? await countEvents(load) : load;
        await admin.send("UNLINK", [queueKey(SHARD)]);
        return checked;
      },
    };
  }

  function cellOf(route: Route, target: Target): LoadCell {
    const name = `${route.name}, ${target}`;
    const cell = cells.get(name) ?? toCell(name, route, target);
    cells.set(name, cell);
    return cell;
  }

  return { cellOf, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const withFault = (load: Load, fault: string): Load => ({ ...load, faults: [...load.faults, fault] });
