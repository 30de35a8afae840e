import type { Route } from "./http-routes.ts";
import type { HttpSettings, HttpSite } from "./http-site.ts";
import type { Driven, Processes } from "./load.ts";
import { runRedisBenchmark } from "./redis-benchmark.ts";
import { startBun } from "./services.ts";
import { runWrk } from "./wrk.ts";

/** A bare server, and the load on it that a route is held against. */
export interface Yardstick {
  readonly processes: Processes;
  drive(): Promise<Driven>;
  stop(): Promise<void>;
}

// Of a command that has not been timed yet.
const FIRST_RATE = 20_000;

/** A command of the board's own Redis, or a server that answers what the ranker answers at the moment, in length. */
export async function startYardstick(site: HttpSite, route: Route, settings: HttpSettings): Promise<Yardstick> {
  const { board, ranker, dir } = site;
  const { yardstick } = route;
  if ("path" in yardstick) {
    const { byteLength } = await (await fetch(ranker.url + yardstick.path)).arrayBuffer();
    const file = `${import.meta.dir}/constant-server.ts`;
    const constant = await startBun(file, `constant-${byteLength}.log`, dir, { BODY_BYTES: String(byteLength) });
    return {
      processes: { constant: constant.pid },
      drive: () => runWrk({ ...settings, url: constant.url, asked: ["get", "/"] }),
      stop: constant.kill,
    };
  }
  const { command, players } = yardstick;
  let rate = FIRST_RATE;
  return {
    processes: { redis: board.redis.pid },
    async drive() {
      const requests = Math.ceil(rate * settings.seconds);
      const options = { port: board.redis.port, clients: settings.connections, randomBelow: players, command };
      const driven = await runRedisBenchmark({ ...options, requests });
      rate = driven.requests / driven.seconds; // it takes a number of requests, not of seconds
      return driven;
    },
    stop: async () => {},
  };
}
