import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "shared/log";
import { awaitReady, connectRedis, type Redis } from "shared/redis";
import { freePort } from "./free-port.ts";
import { startRedis } from "./redis.ts";
import { scratchDir } from "./scratch.ts";

const READY_TIMEOUT_MS = 5_000;
const SOURCE = join(import.meta.dir, "stepped-clock.c");

/** A real Redis whose wall clock can be set. */
export interface SteppedRedis {
  readonly redis: Redis;
  readonly url: string;
  /** @param seconds how far its clock is ahead of that of this machine; behind where negative */
  setClock(seconds: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Whether this machine has what that takes: a C compiler, and a loader that knows `LD_PRELOAD`. */
export const canStepClocks = process.platform === "linux" && Bun.which("cc") !== null;

/** @throws Error where the library does not compile, or Redis does not start with it */
export async function startSteppedRedis(): Promise<SteppedRedis> {
  const dir = await scratchDir();
  const [file, library] = [join(dir, "clock"), join(dir, "stepped-clock.so")];
  const setClock = (seconds: number) => writeFile(file, String(seconds));
  await setClock(0);
  const compiler = Bun.spawn(["cc", "-shared", "-fPIC", "-o", library, SOURCE], { stderr: "inherit" });
  if ((await compiler.exited) !== 0) throw new Error("stepped-clock.c does not compile");
  const server = await startRedis({
    port: await freePort(),
    dir,
    args: ["--appendfsync", "no"],
    env: { LD_PRELOAD: library, CLOCK_FILE: file },
  });
  const redis = connectRedis({ url: server.url, name: "test", log: createLog("test", "silent") });
  await awaitReady(redis, READY_TIMEOUT_MS);
  return {
    redis,
    url: server.url,
    setClock,
    async dispose() {
      redis.disconnect();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
