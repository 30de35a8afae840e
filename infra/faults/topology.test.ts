import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { sumMetric } from "testing/services/metrics";
import { type ServiceUnderTest, startService } from "testing/services/service-under-test";
import { openTcpProxy, type TcpProxy } from "testing/tcp-proxy";
import { until } from "testing/until";
import { announceWithoutNginx, type NginxUnderTest, nginx, startNginx } from "../deploy/nginx/nginx-under-test.ts";
import type { History } from "./history.ts";
import { untilInRound } from "./rounds.ts";
import { scaled } from "./scale.ts";
import { type ServiceMember, type Site, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

/** The services of docker-compose.yml, as processes. */

announceWithoutNginx("the whole topology behind it was not run");

let site: Site;
let front: NginxUnderTest;
beforeAll(async () => {
  if (nginx === undefined) return;
  site = await startSite({ rankers: 3, gateways: 3, drainers: 2 });
  front = await startNginx(site.gateways.map(({ port }) => port));
}, 60_000);
afterAll(async () => {
  await front?.stop();
  await site?.close();
}, 30_000);

/** The number of tops that a gateway has answered. */
const topsOf = (gateway: ServiceMember) =>
  sumMetric(gateway, "leaderboard_http_request_duration_seconds_count", 'route="/top"');

const LANES = 10;
const READS_PER_LANE = 90;

describe.skipIf(nginx === undefined)("three gateways and three rankers behind nginx", () => {
  test("each gateway and each ranker gets exactly a third of the requests, and each answer names its ranker", async () => {
    const answered = () => Promise.all(site.gateways.map(topsOf));
    const before = await answered();
    const byRanker = new Map<string | null, number>();
    let asked = 0;
    const lane = async () => {
      for (let n = 0; n < READS_PER_LANE; n++) {
        // A different target each time: equal requests at the same time share one answer.
        const response = await fetch(`${front.url}/top?limit=${(asked++ % 1_000) + 1}`);
        expect(response.status).toBe(200);
        const address = response.headers.get("X-Upstream-Addr");
        byRanker.set(address, (byRanker.get(address) ?? 0) + 1);
        await response.arrayBuffer();
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const third = (LANES * READS_PER_LANE) / 3;
    const after = await answered();
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([third, third, third]);
    expect(Object.fromEntries(byRanker)).toEqual(
      Object.fromEntries(site.rankers.map(({ url }) => [new URL(url).host, third])),
    );
  });

  test("a refusal of a ranker names the ranker, and one of the gateway names none", async () => {
    const unknown = await fetch(`${front.url}/rank/nobody`);
    expect([unknown.status, unknown.headers.get("X-Upstream-Addr")]).toEqual([404, expect.stringContaining(":")]);
    const nowhere = await fetch(`${front.url}/nowhere`);
    expect([nowhere.status, nowhere.headers.get("X-Upstream-Addr")]).toEqual([404, null]);
  });
});

const SEQUENTIAL_READS = 200;

describe.skipIf(nginx === undefined)("keep-alive from end to end", () => {
  let gateways: ServiceUnderTest[];
  let toRankers: TcpProxy[];
  let toGateways: TcpProxy[];
  let toNginx: TcpProxy;
  let counted: NginxUnderTest;
  beforeAll(async () => {
    toRankers = await Promise.all(site.rankers.map(({ port }) => openTcpProxy(port)));
    const env = {
      REDIS_URL: `redis://127.0.0.1:${site.redis.port}`,
      LEADERBOARD_SERVICE_URLS: toRankers.map(({ port }) => `http://127.0.0.1:${port}`).join(","),
    };
    gateways = await Promise.all(site.gateways.map(() => startService("gateway", env)));
    toGateways = await Promise.all(gateways.map(({ port }) => openTcpProxy(port)));
    counted = await startNginx(toGateways.map(({ port }) => port));
    toNginx = await openTcpProxy(Number(new URL(counted.url).port));
  }, 30_000);
  afterAll(async () => {
    await counted.stop();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    for (const proxy of [...toRankers, ...toGateways, toNginx]) proxy.close();
  }, 30_000);

  test("a reading client needs one connection a hop, and probes need one more to each ranker", async () => {
    for (let n = 0; n < SEQUENTIAL_READS; n++) {
      const response = await fetch(`http://127.0.0.1:${toNginx.port}/top`);
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
    expect(toNginx.opened).toBe(1);
    expect(toGateways.map(({ opened }) => opened)).toEqual([1, 1, 1]);
    for (const { opened } of toRankers) expect(opened).toBeLessThanOrEqual(2 * gateways.length);
  });
});

/** How long a gateway may send requests to a ranker that hangs. */
const EJECTED_MS = 2_000;
const WRITES_MEANWHILE = scaled(100, 1_000);
const READ_PAUSE_MS = 20;
// Often enough to meet the hanging process, and with time left on a busy machine.
const LIGHT = { lanes: 4, pauseMs: 20 };

/** Reads through nginx until it is stopped. @returns every answer that was not the board */
function startReads(): { stop(): Promise<string[]> } {
  const refused: string[] = [];
  let stopped = false;
  const lane = async () => {
    while (!stopped) {
      const response = await fetch(`${front.url}/top?limit=10`);
      const answer = await response.text();
      if (response.status !== 200) refused.push(answer);
      await delay(READ_PAUSE_MS);
    }
  };
  const running = Array.from({ length: 2 }, lane);
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
      return refused;
    },
  };
}

/** Waits until clients have written again. */
async function untilWritten(history: History): Promise<void> {
  const enough = history.writes + WRITES_MEANWHILE;
  while (history.writes < enough) await delay(READ_PAUSE_MS);
}

/**
 * Suspends a process while clients read and write through nginx, and resumes it after `meanwhile`.
 * Every request must be answered, except for writes without a key that the process had.
 */
async function hang(member: ServiceMember, meanwhile: () => Promise<void>): Promise<void> {
  let refused: string[] = [];
  const load = await expectNothingLost(site, {
    name: `SIGSTOP of a ${member.name}`,
    load: { urls: [front.url], ...LIGHT },
    async inject(_, history) {
      const reads = startReads();
      await untilWritten(history);
      process.kill(member.pid, "SIGSTOP");
      try {
        await meanwhile();
        await untilWritten(history);
      } finally {
        process.kill(member.pid, "SIGCONT");
      }
      await untilWritten(history);
      refused = await reads.stop();
    },
  });
  const allowed = ["200", "201", "409 user_exists", "503 outcome_unknown"];
  expect([...load.answers.keys()].filter((kind) => !allowed.includes(kind))).toEqual([]);
  expect(load.unanswered).toBe(0);
  expect(refused).toEqual([]);
}

describe.skipIf(nginx === undefined)("a process that hangs without ending", () => {
  test("a ranker: every gateway leaves it out within two seconds, no request fails for good, and it comes back", async () => {
    const [ranker] = site.rankers;
    let ejectedMs = Number.POSITIVE_INFINITY;
    await hang(ranker, async () => {
      const startedAt = performance.now();
      await untilInRound(site.gateways, ranker, false);
      ejectedMs = performance.now() - startedAt;
    });
    expect(ejectedMs).toBeLessThan(EJECTED_MS);
    await untilInRound(site.gateways, ranker);
  }, 60_000);

  test("a gateway: nginx leaves it out, no request fails for good, and it comes back", async () => {
    const [gateway] = site.gateways;
    await hang(gateway, async () => {});
    const before = await topsOf(gateway);
    await until(async () => {
      await fetch(`${front.url}/top`);
      return (await topsOf(gateway)) > before;
    });
  }, 60_000);
});
