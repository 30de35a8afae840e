import { queueKey } from "shared/redis/keys";
import { type Load, type LoadCell, measureLoad, withFault } from "../harness/load.ts";
import { type BenchService, startConstantServer } from "../stage/services.ts";
import type { BenchRedis } from "../stage/stores.ts";
import { SHARD } from "../stage/topology.ts";
import { runRedisBenchmark } from "./redis-benchmark.ts";
import { submitAtRate } from "./submits.ts";
import { runWrk, type WrkRequest } from "./wrk.ts";

/** A request that wrk sends again and again. */
export interface Route {
  readonly name: string;
  readonly request: WrkRequest;
  readonly isWrite: boolean;
  /** Writes that change nothing leave no events. */
  readonly leavesEvents?: boolean;
  /** Writes of one request; 1 unless given. */
  readonly writesEach?: number;
  /** Those of all rows unless given. */
  readonly connections?: number;
}

/** What every load needs. */
export interface HttpSite {
  readonly dir: string;
  readonly redis: BenchRedis;
  readonly ranker: BenchService;
  /** Of the players that write. */
  readonly tokens: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Submits a second beside reads, because a real board changes while it is read. */
  readonly writes: number;
}

/** A route at the ranker, or at a proxy before it. */
export const toRouteCell = (site: HttpSite, route: Route, [name, server]: [string, BenchService]): LoadCell => ({
  name: `${route.name}, ${name}`,
  async measure() {
    const { redis, ranker, tokens, seconds, writes } = site;
    const { request, isWrite, leavesEvents = isWrite, writesEach = 1, connections = site.connections } = route;
    const processes = { redis: redis.pid, ranker: ranker.pid, [name]: server.pid };
    const until = measureLoad(processes, async () => {
      const driven = await runWrk({ url: server.url, request, connections, seconds });
      return { ...driven, items: driven.items * writesEach };
    });
    const perSecond = isWrite ? 0 : writes;
    const refused = await submitAtRate({ url: ranker.url, tokens, perSecond, until });
    const load = withFault(await until, refused > 0, `${refused} writes beside the reads were refused`);
    const emptied = await emptyQueue(site, load, leavesEvents);
    const { events } = emptied;
    return withFault(
      emptied.load,
      isWrite && !leavesEvents && events > 0,
      `${events} events of writes that change nothing`,
    );
  },
});

// Of a command that has not been timed yet.
const FIRST_RATE = 20_000;

/** The command of Redis that a route cannot do without, for random players below a number. */
export function toCommandCell(
  site: HttpSite,
  { name, isWrite }: Route,
  { command, players }: { command: readonly string[]; players: number },
): LoadCell {
  let rate = FIRST_RATE;
  return {
    name: `${name}, yardstick`,
    async measure() {
      const { redis, connections: clients, seconds } = site;
      // redis-benchmark takes a number of requests instead of a duration.
      const options = { port: redis.port, clients, requests: Math.ceil(rate * seconds), randomBelow: players, command };
      const load = await measureLoad({ redis: redis.pid }, () => runRedisBenchmark(options));
      rate = load.ratePerSecond;
      return (await emptyQueue(site, load, isWrite)).load;
    },
  };
}

/** A Bun server whose answer is as long as that of the ranker at `path`; `stack` stops it. */
export function toConstantCell(
  stack: AsyncDisposableStack,
  { dir, ranker, connections, seconds }: HttpSite,
  { name, path }: { name: string; path: string },
): LoadCell {
  let server: BenchService | undefined;
  return {
    name: `${name}, yardstick`,
    async measure() {
      if (server === undefined) {
        const { byteLength } = await (await fetch(ranker.url + path)).arrayBuffer();
        server = stack.use(await startConstantServer(dir, byteLength));
      }
      const { pid, url } = server;
      return measureLoad({ constant: pid }, () => runWrk({ url, request: ["get", "/"], connections, seconds }));
    },
  };
}

/**
 * Empties the queue, which nothing drains here. Each write that changes something must have left an
 * event.
 */
async function emptyQueue({ redis }: HttpSite, load: Load, leavesEvents: boolean) {
  const events = Number(await redis.admin.send("LLEN", [queueKey(SHARD)]));
  await redis.admin.send("UNLINK", [queueKey(SHARD)]);
  return {
    events,
    load: withFault(load, leavesEvents && events < load.items, `${load.items} submits left ${events} events`),
  };
}
