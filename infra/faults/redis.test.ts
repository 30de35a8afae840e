import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { forFile } from "testing/for-file";
import { readRedisEntries } from "testing/read-entries";
import { clientOf } from "testing/services/client";
import { sumMetric } from "testing/services/metrics";
import { until } from "testing/until";
import { createHistory } from "./history.ts";
import { reportFault } from "./report.ts";
import { scaled } from "./scale.ts";
import { type ServiceMember, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const site = await forFile(startSite({ rankers: 2, gateways: 2 }));
const [[ranker], [gateway]] = [site.rankers, site.gateways];
afterEach(() => site.heal());

/** A client waits a second at the most for an answer. */
const ANSWER_MS = 1_000;
/** How long writes may fail after Redis is back. */
const HEAL_MS = 2_000;

const enter = (user_id: string, region = "EU") => clientOf(gateway).register({ user_id, name: user_id, region });

/** Waits until a write succeeds. @returns the milliseconds that took */
async function untilWritten(token: string): Promise<number> {
  const startedAt = performance.now();
  await until(async () => (await clientOf(gateway).post("/score/add", { delta: 1 }, token)).status === 200);
  return performance.now() - startedAt;
}

/**
 * Sends every kind of request at once while Redis is away, and expects 503 for each within a
 * second.
 */
async function expectRefusals(token: string): Promise<void> {
  const client = clientOf(gateway);
  const requests = [
    () => client.post("/score/create", { initialScore: 1 }, token),
    () => client.post("/score/update", { score: 1 }, token),
    () => client.post("/score/add", { delta: 1 }, token),
    () => client.post("/score/add", { delta: 1 }, token, { "Idempotency-Key": crypto.randomUUID() }),
    () => client.post("/auth/register", { user_id: "nobody", name: "Nobody", region: "EU" }),
    () => client.post("/auth/login", { user_id: "nobody", name: "Nobody" }),
    ...["/top", "/top?region=EU", "/rank/nobody", "/around/nobody"].map((path) => () => fetch(gateway.url + path)),
  ];
  const answers = await Promise.all(
    requests.map(async (request) => {
      const startedAt = performance.now();
      const response = await request();
      return { response, waitedMs: performance.now() - startedAt };
    }),
  );
  for (const { response, waitedMs } of answers) {
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(waitedMs).toBeLessThan(ANSWER_MS);
  }
}

test("kill -9 of Redis loses no acknowledged write, and every service recovers by itself", async () => {
  const token = await enter("probe-kill");
  await expectNothingLost(site, {
    name: "kill -9 of Redis",
    times: scaled(3, 10),
    async inject() {
      await delay(Math.random() * 1_000);
      await site.redis.crash();
      expect(await untilWritten(token)).toBeLessThan(HEAL_MS);
      for (const { isRunning } of site.services) expect(isRunning).toBeTrue();
    },
  });
}, 120_000);

test("without Redis every request is answered within a second, and service resumes by itself", async () => {
  const token = await enter("probe-away");
  await expectNothingLost(site, {
    name: "Redis away",
    async inject() {
      await site.redis.kill();
      for (let n = 0; n < 3; n++) await expectRefusals(token);
      await site.redis.start();
      expect(await untilWritten(token)).toBeLessThan(HEAL_MS);
    },
  });
}, 60_000);

test("with a silent Redis every request is answered within a second, and half-open sockets are replaced", async () => {
  const token = await enter("probe-hole");
  await expectNothingLost(site, {
    name: "Redis in a black hole",
    times: scaled(1, 3),
    async inject() {
      for (const { toRedis } of site.services) toRedis.blackHole();
      for (let round = 0; round < 3; round++) await expectRefusals(token);
      for (const { toRedis } of site.services) toRedis.pass();
      expect(await untilWritten(token)).toBeLessThan(HEAL_MS);
    },
  });
}, 60_000);

test("a gateway without Redis counts rate limits by itself, and writes go on", async () => {
  const client = clientOf(gateway);
  const token = await enter("probe-limits");
  for (const { toRedis } of site.gateways) toRedis.blackHole();
  for (let n = 0; n < 20; n++) {
    const response = await client.post("/score/add", { delta: 1 }, token);
    expect([response.status, response.headers.get("RateLimit")]).toEqual([200, expect.stringContaining('"user";r=')]);
  }
  expect(await sumMetric(gateway, "leaderboard_gateway_limiter_fallback_total")).toBeGreaterThan(0);
  for (const { toRedis } of site.gateways) toRedis.pass();
}, 30_000);

describe("the reply to a submit is lost on its way to the ranker", () => {
  // Redis knows the script afterwards: the lost reply is not NOSCRIPT.
  beforeAll(async () => {
    await untilWritten(await enter("probe-script"));
  });

  afterAll(() => until(async () => (await fetch(`${ranker.url}/ready`)).ok));

  const score = async (userId: string) =>
    (await readRedisEntries(site.client, "EU")).find((entry) => entry.userId === userId)?.score;

  test("with an idempotency key: the submit is applied once, and a retry gets its answer", async () => {
    const client = clientOf(ranker);
    const history = createHistory();
    const player = history.add("lost-keyed");
    const token = await enter(player.userId);
    const sent = history.begin(player, 5);
    const headers = { "Idempotency-Key": "match-1" };
    const caught = ranker.toRedis.catchReply("queue:scores:{eu}");
    const first = client.post("/score/add", { delta: 5 }, token, headers);
    (await caught).drop();
    expect(await (await first).json()).toMatchObject({ status: 503, code: "outcome_unknown" });
    const second = await until(
      () => client.post("/score/add", { delta: 5 }, token, headers),
      ({ status }) => status === 200,
    );
    sent.acknowledge();
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    const answer = await second.json();
    expect(answer).toMatchObject({ user_id: player.userId, score: 5 });
    const third = await client.post("/score/add", { delta: 5 }, token, headers);
    expect(await third.json()).toEqual(answer);
    const verdict = await site.verify(history);
    reportFault("the reply to a submit lost, with a key", 1, history, verdict);
    expect(verdict).toMatchObject({ lost: 0, doubled: 0 });
  }, 20_000);

  test("without an idempotency key: the submit is applied once, and answered outcome_unknown", async () => {
    const token = await enter("lost-plain");
    const caught = ranker.toRedis.catchReply("queue:scores:{eu}");
    const answer = clientOf(ranker).post("/score/add", { delta: 5 }, token);
    (await caught).drop();
    expect(await (await answer).json()).toMatchObject({ status: 503, code: "outcome_unknown" });
    expect(await score("lost-plain")).toBe(5);
  }, 20_000);
});

test("SCRIPT FLUSH under load fails no request for want of its script", async () => {
  const load = await expectNothingLost(site, {
    name: "SCRIPT FLUSH",
    times: scaled(20, 100),
    async inject() {
      await delay(Math.random() * 50);
      await site.client.script("FLUSH");
    },
  });
  // An unknown script would be 500. A machine that stalls for a command's deadline answers 503.
  const answers = [...load.answers.keys()].filter((kind) => kind !== "503 unavailable");
  expect(answers.sort()).toEqual(["200", "201"]);
  expect(load.unanswered).toBe(0);
}, 60_000);

test("with Redis at maxmemory submits get 503, reads and drainer work on, and service resumes", async () => {
  const [drainer] = site.drainers as [ServiceMember];
  const client = clientOf(gateway);
  const token = await enter("probe-memory");
  expect((await client.post("/score/add", { delta: 1 }, token)).status).toBe(200);
  await expectNothingLost(site, {
    name: "Redis at maxmemory",
    async inject() {
      await drainer.stop();
      await until(async () => (await site.client.llen("queue:scores:{EU}")) > 100);
      await site.client.config("SET", "maxmemory", "1");
      const refused = await client.post("/score/add", { delta: 1 }, token);
      expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
      expect(await refused.json()).toMatchObject({ code: "unavailable" });
      for (const path of ["/top", "/rank/probe-memory", "/around/probe-memory?region=EU"]) {
        expect((await fetch(gateway.url + path)).status).toBe(200);
      }
      await drainer.start();
      await site.drained();
      await site.client.config("SET", "maxmemory", "0");
      await untilWritten(token);
    },
  });
}, 60_000);
