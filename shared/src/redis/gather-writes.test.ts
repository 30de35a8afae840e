import { afterAll, beforeAll, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { connect, createServer } from "node:net";
import { scratchRedis } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { gatherWrites } from "./gather-writes.ts";
import { awaitReady, connectRedis } from "./redis.ts";

let server: Awaited<ReturnType<typeof scratchRedis>>;
beforeAll(async () => {
  server = await scratchRedis();
});
afterAll(() => server.dispose());

test("commands of one turn reach Redis in one write, in order, and each has its own reply", async () => {
  const pieces: string[] = [];
  const proxy = createServer((client) => {
    const upstream = connect(server.port, "127.0.0.1");
    client.on("data", (data) => {
      pieces.push(data.toString());
      upstream.write(data);
    });
    upstream.pipe(client);
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as { port: number };
  const redis = connectRedis({ url: `redis://127.0.0.1:${port}`, name: "test", log: createLog("test", "silent") });
  try {
    await awaitReady(redis, 5_000);
    const before = pieces.length;
    const replies = await Promise.allSettled([
      redis.set("a", "1"),
      redis.lpush("a", "of another type"),
      redis.setBuffer("b", Buffer.from([0xff]), "GET"),
      redis.incr("a"),
      redis.getBuffer("b"),
    ]);
    expect(replies.map((reply) => (reply.status === "fulfilled" ? reply.value : reply.reason.message))).toEqual([
      "OK",
      "WRONGTYPE Operation against a key holding the wrong kind of value",
      null,
      2,
      Buffer.from([0xff]),
    ]);
    expect(pieces).toHaveLength(before + 1);
  } finally {
    redis.disconnect();
    proxy.close();
  }
});

test("commands of one turn beyond the size bound leave in order, in several bounded writes", async () => {
  const written: string[] = [];
  const stream = { write: (chunk: string) => void written.push(chunk) };
  const redis = Object.assign(new EventEmitter(), { stream });
  gatherWrites(redis as never);
  redis.emit("connect");
  const commands = Array.from({ length: 100 }, (_, n) => String(n % 10).repeat(20_000));
  for (const command of commands) redis.stream.write(command);
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(written.join("")).toBe(commands.join(""));
  expect(written.length).toBeGreaterThan(1);
  expect(Math.max(...written.map(({ length }) => length))).toBeLessThan(300_000);
});
