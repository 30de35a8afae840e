import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createTopology } from "shared/model/regions";
import { awaitReady, type Redis } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { startPostgres } from "stack/postgres";
import { type RedisOptions, startRedis } from "stack/redis";
import { scratchDir } from "stack/scratch-dir";
import { openFences } from "testing/open-fences";
import { readPostgresEntries, readRedisEntries } from "testing/read-entries";
import { type RedisCluster, startCluster } from "testing/redis/cluster";
import { connectTo } from "testing/redis/connect";
import { JWT_SECRET, type ServiceName, startService } from "testing/services/service-under-test";
import { openTcpProxy, type TcpProxy } from "testing/tcp-proxy";
import { accountQueue, scoreQueuesOf } from "../../drainer/src/queues/queues.ts";
import { gatewayFields } from "../../gateway/src/config.ts";
import type { History, Verdict } from "./history.ts";
import { type Member, startMember } from "./member.ts";

/**
 * A service with proxies of its own, so that a fault of its connections affects no other service.
 */
export interface ServiceMember extends Member {
  readonly url: string;
  /** The address that Prometheus scrapes. */
  readonly metricsUrl: string;
  readonly toRedis: TcpProxy;
  readonly toPostgres: TcpProxy;
  /** The lines it has written so far. */
  readonly lines: readonly string[];
}

type Members = readonly [ServiceMember, ...ServiceMember[]];

/** A whole deployment of real processes on loopback. */
export interface Site {
  readonly redis: Member;
  /** All servers of a cluster, in the order of `startCluster`; otherwise only `redis`. */
  readonly redisNodes: readonly Member[];
  /** `REDIS_URL` past the proxies. */
  readonly redisUrl: string;
  readonly postgres: Member;
  readonly rankers: Members;
  readonly gateways: Members;
  readonly drainers: readonly ServiceMember[];
  /** Gateways, rankers and drainers. */
  readonly services: readonly ServiceMember[];
  /** A connection past the proxies. */
  readonly client: Redis;
  /** The addresses of the stores past the proxies, as commands read them. */
  readonly storesEnv: Readonly<Record<string, string>>;
  /** The URL of a region's database past the proxies. */
  postgresUrl(region: string): string;
  /** Waits until no event waits for PostgreSQL. */
  drained(): Promise<void>;
  /**
   * Waits until the queues are empty, and compares the stores with each other and with the history.
   *
   * @throws Error when the stores differ
   */
  verify(history: History): Promise<Verdict>;
  /** Lets all proxies pass again: a test that fails during a fault must not fail the next one. */
  heal(): void;
  close(): Promise<void>;
}

export interface SiteOptions {
  rankers?: number;
  gateways?: number;
  drainers?: number;
  /** Variables of every service. A later change applies to services that start later. */
  env?: Record<string, string>;
  redisArgs?: string[];
  /** Variables of every Redis. */
  redisEnv?: Record<string, string>;
  /**
   * A Redis Cluster instead of one server. It has no proxies: its nodes announce their own
   * addresses.
   */
  cluster?: boolean;
  /** Arguments of Bun for every service. */
  bunArgs?: string[];
}

export const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];
const PASSWORD = "scratch";
const READY_TIMEOUT_MS = 10_000;
// Longer than any fault, so that a run that hangs says why.
const DRAIN_TIMEOUT_MS = 30_000;
/** Rate limits that no run reaches. */
export const NO_LIMITS = Object.fromEntries(
  Object.keys(gatewayFields)
    .filter((name) => name.startsWith("RATE_"))
    .map((name) => [name, "1000000"]),
);

const databaseOf = (region: string) => `leaderboard_${region.toLowerCase()}`;

async function startSingle(
  dir: string,
  launch: (options: RedisOptions) => Promise<Member>,
): Promise<RedisCluster<Member>> {
  const redis = await launch({ port: await freePort(), dir: join(dir, "redis") });
  return { nodes: [redis], url: `redis://127.0.0.1:${redis.port}` };
}

/**
 * Starts the stores, then the services (one of each by default), and resolves when all are ready.
 */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { rankers = 1, gateways = 1, drainers = 1, env = {}, redisArgs = [] } = options;
  const { redisEnv = {}, bunArgs = [], cluster = false } = options;
  const dir = await scratchDir();
  const postgresPort = await freePort();
  const launchRedis = (redisOptions: RedisOptions) =>
    startMember(`redis ${redisOptions.port}`, () =>
      startRedis({ ...redisOptions, args: [...(redisOptions.args ?? []), ...redisArgs], env: redisEnv }),
    );
  const [{ nodes: redisNodes, url: redisUrl }, postgres] = await Promise.all([
    cluster ? startCluster(dir, launchRedis) : startSingle(dir, launchRedis),
    startMember("postgres", () =>
      startPostgres({
        port: postgresPort,
        dir: join(dir, "postgres"),
        password: PASSWORD,
        // A black hole keeps the connections that were tried through it.
        args: ["-c", "fsync=off", "-c", "max_connections=300"],
        databases: REGIONS.map(databaseOf),
      }),
    ),
  ]);
  const urlAt = (port: number, region: string) =>
    `postgres://leaderboard:${PASSWORD}@127.0.0.1:${port}/${databaseOf(region)}`;
  const storesAt = (redisAt: string, postgresAt: number) => ({
    REDIS_URL: redisAt,
    POSTGRES_URL: urlAt(postgresAt, "GLOBAL"),
    ...Object.fromEntries(REGIONS.map((region) => [`POSTGRES_URL_${region}`, urlAt(postgresAt, region)])),
  });
  const opened: { close(): unknown }[] = [];
  const [redis] = redisNodes as [Member, ...Member[]];

  async function addService(kind: ServiceName, more: Record<string, string> = {}): Promise<ServiceMember> {
    const [toRedis, toPostgres] = [await openTcpProxy(redis.port), await openTcpProxy(postgresPort)];
    const [port, metricsPort] = [await freePort(), await freePort()];
    opened.push(toRedis, toPostgres);
    const lines: string[] = [];
    const environment = {
      ...storesAt(cluster ? redisUrl : `redis://127.0.0.1:${toRedis.port}`, toPostgres.port),
      ...NO_LIMITS,
      JWT_SECRET,
      PASSWORDS: "optional",
      LOG_LEVEL: "info",
      BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
    };
    const member = await startMember(kind, () =>
      startService(
        kind,
        { ...environment, ...env, ...more },
        { port, metricsPort, bunArgs, onLine: (line) => void lines.push(line) },
      ),
    );
    return Object.assign(member, {
      toRedis,
      toPostgres,
      lines,
      url: `http://127.0.0.1:${port}`,
      metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    });
  }

  const services = () => [...startedGateways, ...startedRankers, ...startedDrainers];
  const times = (count: number, add: () => Promise<ServiceMember>) => Promise.all(Array.from({ length: count }, add));
  const [startedRankers, startedDrainers] = await Promise.all([
    times(rankers, () => addService("ranker")),
    times(drainers, () => addService("drainer")),
  ]);
  const rankerUrls = startedRankers.map(({ url }) => url).join(",");
  const startedGateways = await times(gateways, () =>
    addService("gateway", { LEADERBOARD_SERVICE_URLS: rankerUrls || "http://127.0.0.1:1" }),
  );
  const client = await connectTo(redisUrl);

  const topology = createTopology(REGIONS, 1, ["main"]);
  if (drainers === 0) await openFences(client, topology);
  const queues = [...scoreQueuesOf(topology), accountQueue];
  async function drained(): Promise<void> {
    await awaitReady(client, READY_TIMEOUT_MS); // a killed Redis may have started a moment ago
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
    redis,
    redisNodes,
    redisUrl,
    postgres,
    client,
    drained,
    rankers: startedRankers as unknown as Members,
    gateways: startedGateways as unknown as Members,
    drainers: startedDrainers,
    services: services(),
    storesEnv: storesAt(redisUrl, postgresPort),
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
    heal() {
      for (const { toRedis, toPostgres } of services()) {
        toRedis.pass();
        toPostgres.pass();
      }
    },
    async close() {
      await Promise.all([...services(), ...redisNodes, postgres].map((member) => member.drop()));
      client.disconnect();
      for (const each of opened) each.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
