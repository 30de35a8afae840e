/** A Redis whose wall clock a test can step. */

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchDir } from "stack/scratch-dir";
import { scratchRedis } from "../scratch.ts";
import { until } from "../until.ts";
import { connectAsService } from "./connect.ts";

/** TIME has whole seconds here. */
const SETTLED_SECONDS = 2;
const SOURCE = join(import.meta.dir, "stepped-clock.c");

/** Whether this machine has a C compiler and a loader that knows `LD_PRELOAD`. */
export const canStepClocks = process.platform === "linux" && Bun.which("cc") !== null;

/** The wall clock of a process that is started with this environment. */
export interface SteppedClock {
  readonly env: Record<string, string>;
  /** @param seconds how far the clock is ahead of this machine's; behind where negative */
  set(seconds: number): Promise<void>;
  dispose(): Promise<void>;
}

/** @throws Error where the library does not compile */
export async function prepareSteppedClock(): Promise<SteppedClock> {
  const dir = await scratchDir();
  const [file, library] = [join(dir, "clock"), join(dir, "stepped-clock.so")];
  const set = (seconds: number) => writeFile(file, String(seconds));
  await set(0);
  const compiler = Bun.spawn(["cc", "-shared", "-fPIC", "-o", library, SOURCE], { stderr: "inherit" });
  if ((await compiler.exited) !== 0) throw new Error("stepped-clock.c does not compile");
  return {
    env: { LD_PRELOAD: library, CLOCK_FILE: file },
    set,
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}

/**
 * Starts a real Redis with such a clock.
 *
 * @throws Error where the library does not compile
 */
export async function startSteppedRedis() {
  const clock = await prepareSteppedClock();
  const server = await scratchRedis([], clock.env);
  const redis = await connectAsService(server.url);
  return {
    redis,
    url: server.url,
    /** Resolves once Redis goes by it: Valkey 9 reads the clock a few milliseconds late. */
    async setClock(seconds: number) {
      await clock.set(seconds);
      await until(async () => {
        const [now] = await redis.time();
        return Math.abs(Number(now) - Date.now() / 1000 - seconds) < SETTLED_SECONDS;
      });
    },
    async dispose() {
      redis.disconnect();
      await Promise.all([server.dispose(), clock.dispose()]);
    },
  };
}
