import { setTimeout as delay } from "node:timers/promises";
import type { Redis as Connection } from "ioredis";
import type { Log } from "../log/log.ts";
import { isRefusal } from "./reply-error.ts";

/**
 * The run of a server that refuses `INFO`, as some managed stores do. Its restarts are not noticed:
 * an emptied store is still detected, an older copy is not.
 */
export const UNKNOWN_RUN = "unknown";

const ASK_AGAIN_MS = 100;
const RUN = Symbol("run");

/** A connection with the run of its server, as a property: a wrapper passes it on. */
type WithRun = { [RUN]?: string | undefined };

/**
 * Reads, for each connect, the run of the server process: Redis draws a `run_id` at each start.
 * Must be called before the connection is used. A server that does not answer in time is asked
 * again while the connection lives: without its run nothing can be written.
 */
export function trackRun(connection: Connection, name: string, log: Log): void {
  const withRun = connection as WithRun;
  let life = 0;

  async function learn(): Promise<void> {
    const mine = ++life;
    while (mine === life) {
      try {
        const run = /^run_id:(\w+)/m.exec(await connection.info("server"))?.[1] ?? UNKNOWN_RUN;
        if (mine === life) withRun[RUN] = run;
        return;
      } catch (error) {
        if (isRefusal(error)) {
          log.warn({ redis: name, err: error }, "redis does not tell its run_id: an older copy of it is not noticed");
          if (mine === life) withRun[RUN] = UNKNOWN_RUN;
          return;
        }
      }
      await delay(ASK_AGAIN_MS, undefined, { ref: false });
    }
  }

  connection.on("ready", () => void learn());
  connection.on("close", () => {
    life++;
    withRun[RUN] = undefined;
  });
}

/** The run of the connection's server; undefined until the server has answered. */
export const runOf = (connection: Connection): string | undefined => (connection as WithRun)[RUN];
