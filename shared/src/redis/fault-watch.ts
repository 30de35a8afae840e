import type { Cluster, Redis as Connection } from "ioredis";
import { type ConnectFault, explainFault } from "./connect-fault.ts";
import { isTransientReply } from "./reply-error.ts";

/** The last fault of a client that connects. */
export interface FaultWatch {
  readonly fault: ConnectFault | undefined;
  /** Milliseconds since which every try has ended with the same final refusal, or 0. */
  refusedForMs(): number;
  /** Notes an error that a command met. */
  note(error: unknown): void;
  stop(): void;
}

/** How long one refusal has to repeat itself until a service takes it for the last word. */
export const REFUSED_MS = 5_000;

// A cluster tells the errors of its nodes by the second one.
const EVENTS = ["error", "node error"];
// The server has gone meanwhile: the next one may answer otherwise.
const AWAY = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * Keeps the last fault while the client connects. A server that answers with an error, or with a
 * certificate that is not trusted, is not silent, and its operator needs the words of that error.
 *
 * @param onFault called after each fault
 */
export function watchFaults(redis: Connection | Cluster, onFault: () => void = () => {}): FaultWatch {
  let last: ConnectFault | undefined;
  let refused: { kind: string; sinceMs: number } | undefined;
  const about = { isTls: isTls(redis) };
  const note = (error: unknown) => {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (AWAY.has(code) || isTransientReply(error)) refused = undefined;
    const fault = explainFault(error, about);
    if (fault === undefined) return;
    last = fault;
    if (fault.isFinal && refused?.kind !== fault.kind) refused = { kind: fault.kind, sinceMs: performance.now() };
    onFault();
  };
  const forget = () => {
    refused = undefined;
  };
  for (const event of EVENTS) redis.on(event, note);
  redis.on("ready", forget);
  return {
    get fault() {
      return last;
    },
    refusedForMs: () => (refused === undefined ? 0 : performance.now() - refused.sinceMs),
    note,
    stop() {
      for (const event of EVENTS) redis.off(event, note);
      redis.off("ready", forget);
    },
  };
}

const isTls = ({ options }: Connection | Cluster): boolean =>
  ("redisOptions" in options ? options.redisOptions?.tls : "tls" in options ? options.tls : undefined) !== undefined;

/** The error of a wait that ended without a usable server: its last fault, or else its silence. */
export const toWaitError = (fault: ConnectFault | undefined, timeoutMs: number): Error =>
  fault === undefined
    ? new Error(`Redis did not answer within ${timeoutMs} ms`)
    : new Error(`Redis ${fault.message}`, { cause: fault.cause });
