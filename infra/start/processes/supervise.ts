import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "stack/engine";

/** A process of the stack. */
export interface Member {
  name: string;
  start(): Promise<Engine>;
}

export interface Supervised {
  readonly name: string;
  /** Ends the process and starts it again. @returns once it is ready */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Hooks {
  report(line: string): void;
  onStart(pid: number): void;
  onExit(pid: number): void;
}

const RESTART_DELAY_MS = 250;
const RESTART_DELAY_MS_MAX = 5_000;
// After this time a process counts as well started: its end is a new failure.
const SETTLED_MS = 10_000;

/** The pause before a restart. @param failures since the process last ran for `SETTLED_MS` */
export const restartDelayMs = (failures: number) =>
  Math.min(RESTART_DELAY_MS_MAX, RESTART_DELAY_MS * 2 ** Math.max(0, failures - 1));

/**
 * Starts a process, and restarts it whenever it ends, until it is stopped.
 *
 * @throws Error when the first start fails
 */
export async function supervise({ name, start }: Member, hooks: Hooks): Promise<Supervised> {
  const stopped = new AbortController();
  let current: Engine = await start();
  let restart: PromiseWithResolvers<void> | undefined;
  hooks.onStart(current.pid);

  async function startAgain(failures: number): Promise<Engine | undefined> {
    for (let count = failures; !stopped.signal.aborted; count++) {
      await delay(restartDelayMs(count), undefined, { signal: stopped.signal }).catch(() => {});
      if (stopped.signal.aborted) return undefined;
      try {
        return await start();
      } catch (error) {
        hooks.report(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return undefined;
  }

  async function watch(): Promise<void> {
    let failures = 0;
    for (;;) {
      const startedAt = performance.now();
      const code = await current.exited;
      hooks.onExit(current.pid);
      if (stopped.signal.aborted) return;
      if (restart !== undefined) failures = 0;
      else {
        failures = performance.now() - startedAt > SETTLED_MS ? 1 : failures + 1;
        hooks.report(`${name} died (${code === -1 ? "by a signal" : `exit code ${code}`}); starting it again`);
      }
      const next = await startAgain(failures);
      if (next === undefined) return;
      current = next;
      hooks.onStart(current.pid);
      if (stopped.signal.aborted) await current.stop();
      else hooks.report(`${name} runs again`);
      restart?.resolve();
      restart = undefined;
    }
  }

  const watching = watch();
  return {
    name,
    async restart() {
      restart ??= Promise.withResolvers<void>();
      const { promise } = restart;
      await current.stop();
      await promise;
    },
    async stop() {
      stopped.abort();
      await current.stop();
      await watching;
    },
  };
}
