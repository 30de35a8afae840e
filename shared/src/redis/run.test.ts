import { expect, spyOn, test } from "bun:test";
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

test.each([
  ["has no INFO", ["--rename-command", "INFO", ""]],
  ["does not let its user call INFO", "--user default on nopass ~* &* +@all -info".split(" ")],
])(
  "a server that %s is used at the first connect, with an unknown run and without a word of ioredis",
  async (_, args) => {
    const server = await scratchRedis(args);
    const warned = spyOn(console, "warn");
    const redis = connectServer({ url: server.url, name: "test", log });
    let connects = 0;
    redis.on("connect", () => connects++);
    try {
      void redis.connect().catch(() => {});
      await until(
        async () => runOf(redis),
        (run) => run !== undefined,
      );
      expect(runOf(redis)).toBe(UNKNOWN_RUN);
      expect(connects).toBe(1);
      expect(warned).not.toHaveBeenCalled();
    } finally {
      warned.mockRestore();
      redis.disconnect();
      await server.dispose();
    }
  },
);
