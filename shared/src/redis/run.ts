import { setTimeout as delay } from "node:timers/promises";
import { type Redis as Connection, ReplyError } from "ioredis";
import type { Log } from "../log/log.ts";

/**
 * The run of every server that does not tell one: some managed stores refuse `INFO`. A restart of such a server is not
 * noticed, so that an emptied store is found, and an older copy is not.
 */
export const UNKNOWN_RUN = "unknown";

const ASK_AGAIN_MS = 100;
const REFUSES_INFO = /^(NOPERM|ERR unknown command)/;
const RUN = Symbol("run");

/** A connection that knows the run it leads to; a member of its own, so that a wrapped connection knows it, too. */
type Told = { [RUN]?: string | undefined };

/**
 * Learns, whenever the connection is made, which run of the server process it leads to: Redis draws a `run_id` at each
 * start. Must be called before the connection is used. A server that does not answer in time is asked again for as long as
 * the connection lives: without its run nothing can be written.
 */
export function trackRun(connection: Connection, name: string, log: Log): void {
  const told: Told = connection as Told;
  let life = 0;

  async function learn(): Promise<void> {
    const mine = ++life;
    while (mine === life) {
      try {
        const run = /^run_id:(\w+)/m.exec(await connection.info("server"))?.[1] ?? UNKNOWN_RUN;
        if (mine === life) told[RUN] = run;
        return;
      } catch (error) {
        if (error instanceof ReplyError && REFUSES_INFO.test((error as Error).message)) {
          log.warn({ redis: name, err: error }, "redis does not tell its run_id: an older copy of it is not noticed");
          if (mine === life) told[RUN] = UNKNOWN_RUN;
          return;
        }
      }
      await delay(ASK_AGAIN_MS, undefined, { ref: false });
    }
  }

  connection.on("ready", () => void learn());
  connection.on("close", () => {
    life++;
    told[RUN] = undefined;
  });
}

/** The run of the server that the connection leads to; nothing until the server has told. */
export const runOf = (connection: Connection): string | undefined => (connection as Told)[RUN];
