import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { startRedis } from "stack/redis";
import { scratchRedis } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { awaitReady, connectRedis } from "./redis.ts";
import { toRedisProblem } from "./redis-problem.ts";
import { defineScript, observeScripts } from "./scripts/define-script.ts";

const log = createLog("test", "silent");
let server: Awaited<ReturnType<typeof scratchRedis>>;
beforeAll(async () => {
  server = await scratchRedis();
});
afterAll(() => server.dispose());

/** A proxy that drops the connection when Redis replies to `INCR`, which then has run. */
function replyLoser(port: number): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let isLosing = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("data", (data) => {
      if (data.toString().toLowerCase().includes("incr")) isLosing = true;
      upstream.write(data);
    });
    upstream.on("data", (data) => (isLosing ? client.destroy() : client.write(data)));
    client.on("close", () => upstream.destroy());
  });
  return new Promise((resolve) =>
    proxy.listen(0, "127.0.0.1", () => {
      const address = proxy.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : 0,
        async close() {
          for (const socket of sockets) socket.destroy();
          await new Promise((closed) => proxy.close(closed));
        },
      });
    }),
  );
}

test("a command whose reply was lost is not sent again", async () => {
  const direct = connectRedis({ url: server.url, name: "direct", log });
  await awaitReady(direct, 5_000);
  const loser = await replyLoser(server.port);
  const redis = connectRedis({ url: `redis://127.0.0.1:${loser.port}`, name: "lossy", log });
  await awaitReady(redis, 5_000);
  const error = await redis.incr("counter").catch((reason: unknown) => reason);
  expect(toRedisProblem(error, "write")).toMatchObject({ code: "outcome_unknown" });
  await awaitReady(redis, 5_000);
  expect(await direct.get("counter")).toBe("1");
  redis.disconnect();
  direct.disconnect();
  await loser.close();
});

test("while disconnected a command fails at once and is not sent later", async () => {
  const own = await scratchRedis();
  const redis = connectRedis({ url: own.url, name: "test", log });
  await awaitReady(redis, 5_000);
  const closed = new Promise((resolve) => redis.once("close", resolve));
  await own.kill();
  await closed;
  const error = await redis.set("a", "1").catch((reason: unknown) => reason);
  expect(toRedisProblem(error, "write")).toMatchObject({ code: "unavailable" });
  const again = await startRedis({ port: own.port, dir: own.dir });
  await awaitReady(redis, 10_000);
  expect(await redis.get("a")).toBeNull();
  redis.disconnect();
  await again.kill();
  await own.dispose();
}, 20_000);

test("a server that does not answer costs no more than the time-out", async () => {
  const redis = connectRedis({ url: server.url, name: "test", log, commandTimeoutMs: 50 });
  await awaitReady(redis, 5_000);
  const blocked = redis.blpop("nothing", 1).catch((reason: unknown) => reason);
  const waited = await redis.get("a").catch((reason: unknown) => reason);
  expect(toRedisProblem(waited, "read")).toMatchObject({ code: "unavailable" });
  expect(toRedisProblem(waited, "write")).toMatchObject({ code: "outcome_unknown" });
  await blocked;
  redis.disconnect();
});

test("a Redis that never answers makes awaitReady fail in time", async () => {
  const redis = connectRedis({ url: "redis://127.0.0.1:1", name: "test", log });
  await expect(awaitReady(redis, 100)).rejects.toThrow("did not answer within 100 ms");
  redis.disconnect();
});

test("observers of a connection learn of every call of a script, by name, whether it succeeds or fails", async () => {
  const redis = connectRedis({ url: server.url, name: "test", log });
  await awaitReady(redis, 5_000);
  const told: string[] = [];
  for (const who of ["first", "second"])
    observeScripts(redis, (script, seconds) => told.push(`${who} ${script} ${seconds > 0}`));
  const fail = defineScript({ name: "fail", source: "return redis.error_reply('ERR')", parse: String });
  const answer = defineScript({ name: "answer", source: "return 1", parse: Number });
  await expect(fail(redis, [], [])).rejects.toThrow("ERR");
  await answer(redis, [], []);
  expect(told).toEqual(["first fail true", "second fail true", "first answer true", "second answer true"]);
  redis.disconnect();
});

test("a connection whose commands may take longer is not closed as half-open meanwhile", async () => {
  const redis = connectRedis({ url: server.url, name: "test", log, commandTimeoutMs: 5_000 });
  await awaitReady(redis, 5_000);
  expect(await redis.wait(1, 1_200)).toBe(0);
  redis.disconnect();
});

test("an error reply is internal, and one that the server will recover from is unavailable", async () => {
  const redis = connectRedis({ url: server.url, name: "test", log });
  await awaitReady(redis, 5_000);
  const script = defineScript({ name: "refuse", source: "return redis.error_reply(ARGV[1])", parse: String });
  const problemOf = async (reply: string) =>
    toRedisProblem(await script(redis, [], [reply]).catch((reason: unknown) => reason), "write").code;
  expect(await problemOf("WRONGTYPE not a list")).toBe("internal");
  expect(await problemOf("OOM command not allowed")).toBe("unavailable");
  expect(await problemOf("READONLY you cannot write here")).toBe("unavailable");
  redis.disconnect();
});
