import type { Log } from "shared/log/log";
import type { Lease } from "./lease.ts";

export interface LookOptions<T> {
  /**
   * The drainer that holds it looks. It saves double work; two are safe. It is not taken here, so
   * that a drainer which fails can leave it to another one.
   */
  lease: () => Pick<Lease, "isHeld"> | undefined;
  look: () => Promise<T>;
  /** Called after each look that did not fail; undefined where another drainer looks. */
  onLook: (found: T | undefined) => void;
  /** Waits before each look. */
  rest: () => Promise<void>;
  log: Log;
  /** What is logged where looks fail, once until one succeeds. */
  warning: string;
  signal: AbortSignal;
}

/** Looks again and again, until `signal` aborts. */
export async function keepLooking<T>(options: LookOptions<T>): Promise<void> {
  const { lease, look, onLook, rest, log, warning, signal } = options;
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await rest();
      if (signal.aborted) return;
      onLook(lease()?.isHeld() === true ? await look() : undefined);
      isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!isFailing) log.warn({ err: error }, warning);
      isFailing = true;
    }
  }
}
