import type { Engine } from "stack/engine";

/** A process that can be ended in several ways, and started again on the same port. */
export interface Member {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with the exit code at its end; -1 after a kill. */
  readonly exited: Promise<number>;
  /** True from its start to its end. */
  readonly isRunning: boolean;
  kill(): Promise<void>;
  /** Ends it for good: nothing reads its data again. */
  drop(): Promise<void>;
  /** Kills it and starts it again. */
  crash(): Promise<void>;
  /** Ends it in order, by its signal. @returns the exit code */
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
    drop: () => engine.drop(),
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
