import type { Engine } from "stack/engine";

/** A process of a run that can be ended in several ways and started again in its place, on the same port. */
export interface Member {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Its exit code, once it has ended; -1 for one that was killed. */
  readonly exited: Promise<number>;
  /** True from its start until somebody here ended it, or it ended by itself. */
  readonly isRunning: boolean;
  kill(): Promise<void>;
  /** Kills it and starts it again. */
  crash(): Promise<void>;
  /** Orderly, by the signal that asks for it. @returns the exit code */
  stop(): Promise<number>;
  /** Starts it again after it has ended. */
  start(): Promise<void>;
}

/** Starts a member for the first time. */
export async function startMember(name: string, launch: () => Promise<Engine>): Promise<Member> {
  let engine: Engine;
  let isRunning = false;

  async function start(): Promise<void> {
    engine = await launch();
    isRunning = true;
    const started = engine;
    void started.exited.then(() => {
      if (engine === started) isRunning = false;
    });
  }

  await start();
  return {
    name,
    start,
    get port() {
      return engine.port;
    },
    get pid() {
      return engine.pid;
    },
    get exited() {
      return engine.exited;
    },
    get isRunning() {
      return isRunning;
    },
    kill: () => engine.kill(),
    async crash() {
      await engine.kill();
      await start();
    },
    async stop() {
      await engine.stop();
      return engine.exited;
    },
  };
}
