import { expect, test } from "bun:test";
import { scratchRedis } from "testing/scratch";
import { openTcpProxy } from "testing/tcp-proxy";
import { until } from "testing/until";
import { createLog } from "../log/log.ts";
import { connectServer } from "./connection.ts";
import { runOf, UNKNOWN_RUN } from "./run.ts";

const log = createLog("test", "silent");

test("a server whose first answer about its run is late is asked again", async () => {
  const server = await scratchRedis();
  const proxy = await openTcpProxy(server.port);
  const redis = connectServer({ url: `redis://127.0.0.1:${proxy.port}`, name: "test", log, commandTimeoutMs: 50 });
  try {
    const caught = proxy.catchReply("server");
    void redis.connect().catch(() => {});
    const reply = await caught;
    expect(runOf(redis)).toBeUndefined();
    const failed = await redis.ping().catch((error: Error) => error.message);
    expect(failed).toContain("timed out"); // and so has the INFO for the run
    reply.release();
    await until(
      async () => runOf(redis),
      (run) => run !== undefined,
    );
    expect(runOf(redis)).toMatch(/^[0-9a-f]{40}$/);
  } finally {
    redis.disconnect();
    proxy.close();
    await server.dispose();
  }
});

test("a server that refuses INFO is used with an unknown run", async () => {
  const server = await scratchRedis(["--rename-command", "INFO", ""]);
  const redis = connectServer({ url: server.url, name: "test", log });
  try {
    void redis.connect().catch(() => {});
    await until(
      async () => runOf(redis),
      (run) => run !== undefined,
    );
    // The ready check of ioredis sends INFO as well, and is skipped from the second connect on.
    expect(runOf(redis)).toBe(UNKNOWN_RUN);
  } finally {
    redis.disconnect();
    await server.dispose();
  }
});
