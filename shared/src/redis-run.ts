import { type Redis as Connection, ReplyError } from "ioredis";
import type { Log } from "./log.ts";

/**
 * The run of a server that does not tell one: some managed stores refuse `INFO`. A restart of such a server is then
 * noticed by the drainer's comparison of versions alone.
 */
export const UNKNOWN_RUN = "unknown";

const RUN = Symbol("run");

/** A connection that knows the run it leads to; a member of its own, so that a wrapped connection knows it, too. */
type Told = { [RUN]?: string | undefined };

/**
 * Learns, whenever the connection is made, which run of the server process it leads to: Redis draws a `run_id` at each
 * start. Must be called before the connection is used.
 */
export function trackRun(connection: Connection, name: string, log: Log): void {
  const told: Told = connection as Told;
  connection.on("ready", () => {
    connection.info("server").then(
      (text) => {
        told[RUN] = /^run_id:(\w+)/m.exec(text)?.[1] ?? UNKNOWN_RUN;
      },
      (error: unknown) => {
        if (!(error instanceof ReplyError)) return; // the connection broke: the next one asks again
        log.warn({ redis: name, err: error }, "redis does not tell its run_id: its restarts are noticed later");
        told[RUN] = UNKNOWN_RUN;
      },
    );
  });
  connection.on("close", () => {
    told[RUN] = undefined;
  });
}

/** The run of the server that the connection leads to; nothing until the server has told. */
export const runOf = (connection: Connection): string | undefined => (connection as Told)[RUN];
