import { afterAll, beforeAll, expect, test } from "bun:test";
import { createTopology } from "shared/model/regions";
import { splitKey } from "shared/redis/keys";
import { freePort } from "stack/free-port";
import { startRedis } from "stack/redis";
import { openFencesAt } from "testing/open-fences";
import { connectTo } from "testing/redis/connect";
import { scratchRedis } from "testing/scratch";
import { startService } from "testing/services/service-under-test";
import { until } from "testing/until";
import { REGIONS } from "../test/ranker-under-test.ts";

let redis: Awaited<ReturnType<typeof scratchRedis>>;
beforeAll(async () => {
  redis = await scratchRedis();
});
afterAll(() => redis.dispose());

test("a configuration that is not valid ends the process, with every fault in plain words", async () => {
  const start = startService("ranker", { JWT_SECRET: "short" });
  await expect(start).rejects.toThrow(
    "exited with 1 before it was ready\nThe configuration is not valid:\n" +
      "  REDIS_URL is required\n  JWT_SECRET must have at least 32 bytes",
  );
});

test("a Redis that evicts keys is refused, saying how to mend it", async () => {
  const evicting = await scratchRedis(["--maxmemory-policy", "allkeys-lru"]);
  try {
    await expect(startService("ranker", { REDIS_URL: evicting.url })).rejects.toThrow(
      /set "maxmemory-policy noeviction"/,
    );
  } finally {
    await evicting.dispose();
  }
});

test("in production a Redis without an append-only file is refused", async () => {
  const forgetful = await scratchRedis(["--appendonly", "no"]);
  try {
    const start = startService("ranker", { REDIS_URL: forgetful.url, NODE_ENV: "production" });
    await expect(start).rejects.toThrow(/set "appendonly yes"/);
  } finally {
    await forgetful.dispose();
  }
});

/** A user with these rights, as arguments of the server, and the URL with which it logs in. */
const user = (rules: string) => `--user ranker on >secret &* ${rules}`.split(" ");
const asUser = (url: string) => url.replace("//", "//ranker:secret@");

test.each([
  ["~* +@all -@scripting", /allow its user \+@scripting/],
  ["~foo* +@all", /allow its user ~\*/],
  ["~* +@all -zadd", /allow \+zadd/],
])(
  "a user of Redis with %s is refused at once, saying what to allow",
  async (rules, words) => {
    const limited = await scratchRedis(user(rules));
    try {
      const startedAt = performance.now();
      await expect(startService("ranker", { REDIS_URL: asUser(limited.url) })).rejects.toThrow(words);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    } finally {
      await limited.dispose();
    }
  },
  20_000,
);

test("every line of a ranker is JSON, also of a user without INFO and with a password that is not asked for", async () => {
  const limited = await scratchRedis(user("~* +@all -info"));
  for (const url of [asUser(limited.url), redis.url.replace("//", "//:unasked@")]) {
    const ranker = await startService("ranker", { REDIS_URL: url });
    await ranker.stop();
    expect(ranker.lines.filter((line) => !line.startsWith("{"))).toEqual([]);
  }
  await limited.dispose();
}, 20_000);

test("SIGTERM: not ready at once, what was accepted is answered, then the process ends with 0", async () => {
  const ranker = await startService("ranker", { REDIS_URL: redis.url });
  const idle = await fetch(`${ranker.url}/ready`);
  expect(idle.status).toBe(200);
  process.kill(ranker.pid, "SIGTERM");
  const statuses: number[] = [];
  for (;;) {
    const response = await fetch(`${ranker.url}/ready`).catch(() => undefined);
    if (response === undefined) break;
    statuses.push(response.status);
    await response.arrayBuffer();
  }
  expect(statuses.at(-1)).toBe(503);
  expect(await ranker.exited).toBe(0);
}, 20_000);

test("a Redis that is gone makes a 503 within a second, and its return heals by itself", async () => {
  const own = await scratchRedis();
  await openFencesAt(own.url, createTopology(REGIONS, 1, ["main"]));
  const ranker = await startService("ranker", { REDIS_URL: own.url });
  try {
    expect((await fetch(`${ranker.url}/top`)).status).toBe(200);
    await own.kill();
    const startedAt = performance.now();
    const response = await fetch(`${ranker.url}/top`);
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    const returned = await startRedis({ port: own.port, dir: own.dir });
    while (!(await fetch(`${ranker.url}/top`)).ok) await fetch(`${ranker.url}/health`);
    await returned.kill();
  } finally {
    await ranker.stop();
    await own.dispose();
  }
}, 20_000);

test("while a region moves, /ready stays 200 and names it, and the reads of other regions are answered", async () => {
  const own = await scratchRedis();
  await openFencesAt(own.url, createTopology(REGIONS, 1, ["main"]));
  const ranker = await startService("ranker", { REDIS_URL: own.url });
  try {
    const client = await connectTo(own.url);
    await client.set(splitKey("EU"), "1>4 moving");
    client.disconnect();
    const askReady = async () => {
      const ready = await fetch(`${ranker.url}/ready`);
      expect(ready.status).toBe(200);
      return (await ready.json()) as { dependencies: { name: string; up: boolean }[] };
    };
    const { dependencies } = await until(askReady, (answer) => answer.dependencies.length > 1);
    expect(dependencies.at(-1)).toEqual({ name: "region EU", up: false });
    const statuses = ["EU", "GLOBAL", "NA"].map(
      async (view) => (await fetch(`${ranker.url}/top?region=${view}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([503, 503, 200]);
  } finally {
    await ranker.stop();
    await own.dispose();
  }
}, 20_000);

test("a port that is taken ends the process", async () => {
  const port = await freePort();
  const server = Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response() });
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/main.ts`], {
    env: { REDIS_URL: redis.url, JWT_SECRET: "x".repeat(32), PORT: String(port) },
    stderr: "pipe",
    stdout: "ignore",
  });
  expect(await child.exited).toBe(1);
  expect(await new Response(child.stderr).text()).toContain(String(port));
  server.stop();
}, 20_000);
