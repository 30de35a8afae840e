import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "shared/log";
import { awaitReady, connectRedis, type Redis } from "shared/redis";
import { createTopology } from "shared/regions";
import { accountQueue, scoreQueuesOf } from "../../drainer/src/queues.ts";
import { freePort } from "../embedded/free-port.ts";
import { startPostgres } from "../embedded/postgres.ts";
import { readPostgresEntries, readRedisEntries } from "../embedded/read-entries.ts";
import { startRedis } from "../embedded/redis.ts";
import { scratchDir } from "../embedded/scratch.ts";
import { JWT_SECRET, type ServiceName, startService } from "../embedded/service-under-test.ts";
import type { History, Verdict } from "./history.ts";
import { type Member, startMember } from "./member.ts";
import { openTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A service behind proxies of its own: what happens to its connections happens to nobody else's. */
export interface ServiceMember extends Member {
  readonly url: string;
  readonly toRedis: TcpProxy;
  readonly toPostgres: TcpProxy;
  /** What it has written so far. */
  readonly lines: readonly string[];
}

/** A whole deployment of real processes on loopback, to be broken. */
export interface Site {
  readonly redis: Member;
  readonly postgres: Member;
  readonly rankers: readonly ServiceMember[];
  readonly gateways: readonly ServiceMember[];
  readonly drainers: readonly ServiceMember[];
  /** A connection that no proxy stands before. */
  readonly client: Redis;
  /** The URL of a region's database, before which no proxy stands. */
  postgresUrl(region: string): string;
  /** Waits until no event waits for PostgreSQL. */
  drained(): Promise<void>;
  /**
   * Waits until everything is drained, and holds both stores against each other and against what the clients know.
   *
   * @throws Error when the stores differ
   */
  verify(history: History): Promise<Verdict>;
  close(): Promise<void>;
}

export interface SiteOptions {
  rankers?: number;
  gateways?: number;
  drainers?: number;
  /** Of every service. */
  env?: Record<string, string>;
  redisArgs?: string[];
  /** Arguments of Bun, of every service. */
  bunArgs?: string[];
}

export const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];
const PASSWORD = "scratch";
const READY_TIMEOUT_MS = 10_000;
// What no fault should cost, so that a run that would never end says why.
const DRAIN_TIMEOUT_MS = 30_000;
// Limits that no run reaches: what is under test is elsewhere.
const NO_LIMITS = Object.fromEntries(
  ["USER", "REGION", "ADDRESS"].flatMap((what) => [
    [`RATE_${what}_PER_SECOND`, "1000000"],
    [`RATE_${what}_BURST`, "1000000"],
  ]),
);

const databaseOf = (region: string) => `leaderboard_${region.toLowerCase()}`;

/** Starts the stores first, then as many services as asked for (one each), each of them ready. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { rankers = 1, gateways = 1, drainers = 1, env = {}, redisArgs = [], bunArgs = [] } = options;
  const dir = await scratchDir();
  const [redisPort, postgresPort] = [await freePort(), await freePort()];
  const [redis, postgres] = await Promise.all([
    startMember("redis", () => startRedis({ port: redisPort, dir: join(dir, "redis"), args: redisArgs })),
    startMember("postgres", () =>
      startPostgres({
        ...{ port: postgresPort, dir: join(dir, "postgres"), password: PASSWORD, args: ["-c", "fsync=off"] },
        databases: REGIONS.map(databaseOf),
      }),
    ),
  ]);
  const urlAt = (port: number, region: string) =>
    `postgres://leaderboard:${PASSWORD}@127.0.0.1:${port}/${databaseOf(region)}`;
  const opened: { close(): unknown }[] = [];

  async function addService(kind: ServiceName, more: Record<string, string> = {}): Promise<ServiceMember> {
    const [toRedis, toPostgres, port] = [
      await openTcpProxy(redisPort),
      await openTcpProxy(postgresPort),
      await freePort(),
    ];
    opened.push(toRedis, toPostgres);
    const lines: string[] = [];
    const ofRegions = REGIONS.map((region) => [`POSTGRES_URL_${region}`, urlAt(toPostgres.port, region)]);
    const environment = {
      ...{ REDIS_URL: `redis://127.0.0.1:${toRedis.port}`, POSTGRES_URL: urlAt(toPostgres.port, "GLOBAL") },
      ...{ ...Object.fromEntries(ofRegions), ...NO_LIMITS, JWT_SECRET, PASSWORDS: "optional", LOG_LEVEL: "info" },
      ...{ BUN_CONFIG_MAX_HTTP_REQUESTS: "16384", ...env, ...more },
    };
    const member = await startMember(kind, () =>
      startService(kind, environment, { port, bunArgs, onLine: (line) => void lines.push(line) }),
    );
    return Object.assign(member, { url: `http://127.0.0.1:${port}`, toRedis, toPostgres, lines });
  }

  const times = (count: number, add: () => Promise<ServiceMember>) => Promise.all(Array.from({ length: count }, add));
  const [startedRankers, startedDrainers] = await Promise.all([
    times(rankers, () => addService("ranker")),
    times(drainers, () => addService("drainer")),
  ]);
  const rankerUrls = startedRankers.map(({ url }) => url).join(",");
  const startedGateways = await times(gateways, () =>
    addService("gateway", { LEADERBOARD_SERVICE_URLS: rankerUrls || "http://127.0.0.1:1" }),
  );
  const client = connectRedis({
    url: `redis://127.0.0.1:${redisPort}`,
    name: "test",
    log: createLog("test", "silent"),
  });
  await awaitReady(client, READY_TIMEOUT_MS);

  const queues = [...scoreQueuesOf(createTopology(REGIONS, 1, ["main"])), accountQueue];
  async function drained(): Promise<void> {
    await awaitReady(client, READY_TIMEOUT_MS); // a killed Redis may have come back a moment ago
    const endsAt = performance.now() + DRAIN_TIMEOUT_MS;
    for (const { tag, queue } of queues) {
      while ((await client.llen(queue)) > 0) {
        if (performance.now() < endsAt) continue;
        const states = startedDrainers.map(({ isRunning, lines }) => [isRunning, ...lines.slice(-5)].join("\n"));
        throw new Error(`queue ${tag} is not empty after ${DRAIN_TIMEOUT_MS} ms\n${states.join("\n")}`);
      }
    }
  }

  return {
    ...{ redis, postgres, client, drained },
    ...{ rankers: startedRankers, gateways: startedGateways, drainers: startedDrainers },
    postgresUrl: (region) => urlAt(postgresPort, region),
    async verify(history) {
      await drained();
      const scores = new Map<string, number>();
      for (const region of REGIONS) {
        const inRedis = await readRedisEntries(client, region);
        const inPostgres = await readPostgresEntries(urlAt(postgresPort, region));
        const difference = inRedis.findIndex(({ text }, index) => text !== inPostgres[index]?.text);
        if (difference >= 0 || inRedis.length !== inPostgres.length) {
          const [here, there] = [inRedis[difference]?.text, inPostgres[difference]?.text];
          throw new Error(
            `${region}: ${inRedis.length} in Redis (${here}), ${inPostgres.length} in PostgreSQL (${there})`,
          );
        }
        for (const { userId, score } of inPostgres) scores.set(userId, score);
      }
      return history.judge(scores);
    },
    async close() {
      const members = [...startedGateways, ...startedRankers, ...startedDrainers, redis, postgres];
      await Promise.all(members.map((member) => member.kill()));
      client.disconnect();
      for (const each of opened) each.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
