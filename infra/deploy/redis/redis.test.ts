import { expect, test } from "bun:test";
import { join } from "node:path";
import { createLog } from "shared/log/log";
import { accountKey } from "shared/redis/keys";
import { awaitReady, connectRedis, type Redis } from "shared/redis/redis";
import { checkDurability } from "shared/stores/checks";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { dirForFile, forFile } from "testing/for-file";
import { connectTo } from "testing/redis/connect";
import { scratchRedisClient } from "testing/scratch";

const dir = await dirForFile();
const port = await freePort();
const conf = join(import.meta.dir, "redis.conf");
await forFile(
  launch({
    command: "redis-server",
    args: [conf, "--port", String(port), "--dir", dir, "--bind", "127.0.0.1"],
    port,
    readyWhen: /Ready to accept connections/,
    stopSignal: "SIGTERM",
  }),
);
const url = `redis://127.0.0.1:${port}`;

test("services accept a Redis with this file in production, and warn about one that syncs every second", async () => {
  const lines: string[] = [];
  const log = createLog("test", "warn", { write: (line) => void lines.push(line) });
  const redis = connectRedis({ url, name: "test", log });
  await awaitReady(redis, 5_000);
  await checkDurability(redis, { isProduction: true, log });
  expect(lines).toEqual([]);
  await redis.config("SET", "appendfsync", "everysec");
  await checkDurability(redis, { isProduction: true, log });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: "warn", appendfsync: "everysec" }]);
  redis.disconnect();
});

test("an account with a password is a listpack, with this file and in the embedded stack", async () => {
  const configured = await connectTo(url);
  const embedded = await scratchRedisClient();
  const encoding = async (redis: Redis) => {
    await redis.hset(accountKey("ada"), { name: "Ada", password_hash: await Bun.password.hash("secret", "argon2id") });
    return redis.object("ENCODING", accountKey("ada"));
  };
  expect(await Promise.all([configured, embedded.redis].map(encoding))).toEqual(["listpack", "listpack"]);
  configured.disconnect();
  await embedded.dispose();
});
