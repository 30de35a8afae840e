import { expect, test } from "bun:test";
import { createLog } from "../log/log.ts";
import { createShutdown } from "./shutdown.ts";

const log = createLog("test", "silent");

function createUnderTest(deadlineMs = 5_000) {
  const codes: number[] = [];
  return { codes, shutdown: createShutdown({ log, deadlineMs, exit: (code) => void codes.push(code) }) };
}

test("what was opened last is closed first, one after another", async () => {
  const { codes, shutdown } = createUnderTest();
  const closed: string[] = [];
  for (const name of ["redis", "postgres", "server"]) {
    shutdown.onClose(name, async () => {
      await Promise.resolve();
      closed.push(name);
    });
  }
  await shutdown.stop("test", 0);
  expect(closed).toEqual(["server", "postgres", "redis"]);
  expect(codes).toEqual([0]);
});

test("a step that fails does not keep the others open, and the exit code is 1", async () => {
  const { codes, shutdown } = createUnderTest();
  const closed: string[] = [];
  shutdown.onClose("redis", () => closed.push("redis"));
  shutdown.onClose("server", () => Promise.reject(new Error("no")));
  await shutdown.stop("test", 0);
  expect([closed, codes]).toEqual([["redis"], [1]]);
});

test("a second signal changes nothing", async () => {
  const { codes, shutdown } = createUnderTest();
  let closes = 0;
  shutdown.onClose("redis", () => closes++);
  await Promise.all([shutdown.stop("SIGTERM", 0), shutdown.stop("SIGINT", 1)]);
  expect([closes, codes, shutdown.isStopping]).toEqual([1, [0], true]);
});

test("after the deadline the process exits with 1, also with steps still open", async () => {
  const ended = Promise.withResolvers<number>();
  const shutdown = createShutdown({ log, deadlineMs: 5, exit: ended.resolve });
  const never = Promise.withResolvers<void>();
  shutdown.onClose("stuck", () => never.promise);
  const stopping = shutdown.stop("test", 0);
  expect(await ended.promise).toBe(1);
  never.resolve();
  await stopping;
});
