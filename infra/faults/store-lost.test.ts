import { describe, expect, test } from "bun:test";
import { cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { awaitReady, type Redis } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { type RedisServer, startRedis } from "stack/redis";
import { scratchDir } from "stack/scratch-dir";
import { forFile } from "testing/for-file";
import { makeKey, signAs, startIdentityProvider } from "testing/identity-provider";
import { readPostgresEntries, readRedisEntries, type StoredEntry } from "testing/read-entries";
import { connectToServer } from "testing/redis/connect";
import { clientOf, codeOf } from "testing/services/client";
import { sumMetric } from "testing/services/metrics";
import { until } from "testing/until";
import { reportRow } from "./report.ts";
import { REGIONS, startSite } from "./site.ts";

/** How long a store with little data may take to be restored and open, on a busy machine. */
const HEAL_MS = 10_000;
const LANES = 8;
const LOAD_MS = 700;

/** One player with one writer. Each write is one point, so that points are writes. */
interface Lane {
  userId: string;
  token: string;
  acknowledged: number;
  unknown: number;
}

const site = await forFile(startSite({ rankers: 2 }));
const [gateway] = site.gateways;
const dir = ((await site.client.config("GET", "dir")) as string[])[1] ?? "";

let named = 0;

async function enter(): Promise<Lane> {
  const userId = `lane-${++named}`;
  const region = REGIONS[named % REGIONS.length] ?? "EU";
  const client = clientOf(gateway);
  const player = { user_id: userId, name: userId, region, password: "correct horse" };
  const token = await until(
    () => client.register(player).catch(() => ""),
    (answer) => answer !== "",
  );
  return { userId, token, acknowledged: 0, unknown: 0 };
}

/**
 * Adds points without idempotency keys until it is stopped. Each answer tells the outcome of its
 * write.
 */
function startWriting(lanes: readonly Lane[]): () => Promise<void> {
  let isStopped = false;
  const work = lanes.map(async (lane) => {
    while (!isStopped) {
      const answer = await clientOf(gateway)
        .post("/score/add", { delta: 1 }, lane.token)
        .catch(() => undefined);
      const { code } = answer === undefined || answer.ok ? {} : ((await answer.json()) as { code?: string });
      if (answer?.ok) lane.acknowledged++;
      else if (answer === undefined || code === "outcome_unknown") lane.unknown++;
    }
  });
  return async () => {
    isStopped = true;
    await Promise.all(work);
  };
}

async function readAll(read: (region: string) => Promise<StoredEntry[]>): Promise<Map<string, StoredEntry>> {
  const entries = (await Promise.all(REGIONS.map(read))).flat();
  return new Map(entries.map((entry) => [entry.userId, entry]));
}
const inPostgres = () => readAll((region) => readPostgresEntries(site.postgresUrl(region)));

/** The lost writes that the rankers have counted. */
async function countedLosses(): Promise<number> {
  const counts = await Promise.all(
    site.rankers.map((ranker) => sumMetric(ranker, "leaderboard_ranker_lost_writes_total")),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Waits until every lane's region takes writes again. */
async function untilWritable(lanes: readonly Lane[]): Promise<void> {
  const startedAt = performance.now();
  for (const lane of lanes) {
    const { ok } = await until(
      () => clientOf(gateway).post("/score/add", { delta: 1 }, lane.token),
      (answer) => answer.ok || performance.now() - startedAt > HEAL_MS,
    );
    expect(ok).toBe(true);
    lane.acknowledged++;
  }
}

/**
 * Makes a store lose data under load, and checks that all data of PostgreSQL survives, that both
 * stores end equal, and that the rankers counted the writes that neither has.
 *
 * @param lose makes the store lose data, and resolves when services can reach the rest
 */
async function expectRestored(
  fault: string,
  lose: () => Promise<void>,
  redis: () => Redis = () => site.client,
): Promise<void> {
  const lanes = await Promise.all(Array.from({ length: LANES }, enter));
  const countedBefore = await countedLosses();
  const stop = startWriting(lanes);
  let known = new Map<string, StoredEntry>();
  let lostAt = 0;
  try {
    await delay(LOAD_MS);
    known = await inPostgres();
    lostAt = performance.now();
    await lose();
    await delay(LOAD_MS);
  } finally {
    await stop();
  }
  await untilWritable(lanes);
  const longestOutageMs = performance.now() - lostAt;
  await awaitReady(redis(), 5_000);
  await until(
    () => Promise.all(REGIONS.map((region) => redis().llen(`queue:scores:{${region}}`))),
    (lengths) => lengths.every((length) => length === 0),
  );
  const [ended, ranked] = [await inPostgres(), await readAll((region) => readRedisEntries(redis(), region))];
  expect([...ended.values()].map(({ text }) => text).sort()).toEqual(
    [...ranked.values()].map(({ text }) => text).sort(),
  );
  const hadAndLost = [...known].map(([userId, { score }]) => Math.max(0, score - (ended.get(userId)?.score ?? 0)));

  const sum = (count: (lane: Lane) => number) => lanes.reduce((total, lane) => total + count(lane), 0);
  const lost = sum(({ userId, acknowledged }) => Math.max(0, acknowledged - (ended.get(userId)?.score ?? 0)));
  const unknown = sum((lane) => lane.unknown);
  // A ranker without writes checks the fences once a second.
  const counted = await until(
    async () => (await countedLosses()) - countedBefore,
    (count) => count >= lost || performance.now() - lostAt > 2 * HEAL_MS,
  );
  expect(counted).toBeWithin(lost, lost + unknown + 1);
  const doubled = sum(({ userId, acknowledged, unknown: more }) =>
    Math.max(0, (ended.get(userId)?.score ?? 0) - acknowledged - more),
  );
  const points = { lost: hadAndLost.reduce((total, each) => total + each, 0), doubled };
  reportRow({ fault, times: 1, writes: sum((lane) => lane.acknowledged), ...points, longestOutageMs });
  expect(points).toEqual({ lost: 0, doubled: 0 });
  const client = clientOf(gateway);
  for (const { userId } of lanes) {
    const login = await client.login({ user_id: userId, password: "correct horse" });
    expect(login.user).toMatchObject({ user_id: userId });
  }
}

/** Kills Redis, changes its folder, and starts it again. */
async function restartAfter(change: () => Promise<void>): Promise<void> {
  await site.redis.kill();
  await change();
  await site.redis.start();
}

describe("all data of PostgreSQL survives, and other losses are counted, when under load Redis", () => {
  test(
    "is emptied while it runs (FLUSHALL)",
    () => expectRestored("Redis emptied (FLUSHALL)", async () => void (await site.client.flushall())),
    60_000,
  );

  test(
    "comes back empty",
    () =>
      expectRestored("Redis back without its data", () =>
        restartAfter(() => rm(join(dir, "appendonlydir"), { recursive: true })),
      ),
    60_000,
  );

  test(
    "comes back with an older copy",
    () =>
      expectRestored("Redis back with an older copy", async () => {
        const [present, copy] = [join(dir, "appendonlydir"), join(dir, "copy")];
        await cp(present, copy, { recursive: true });
        await delay(LOAD_MS);
        await restartAfter(async () => {
          await rm(present, { recursive: true });
          await rename(copy, present);
        });
      }),
    60_000,
  );

  test("has a replica that lagged promoted in its place", async () => {
    const own = await scratchDir();
    let replica: RedisServer | undefined;
    let promoted: Redis | undefined;
    const original = site.redis.port;
    try {
      await expectRestored(
        "a lagging replica promoted",
        async () => {
          const following = ["--replicaof", "127.0.0.1", String(original)];
          replica = await startRedis({ port: await freePort(), dir: own, args: following });
          const direct = await connectToServer(replica.url);
          promoted = direct;
          await until(async () => (await direct.info("replication")).includes("master_link_status:up"));
          await direct.replicaof("NO", "ONE"); // from here on it lags
          await delay(LOAD_MS);
          const port = replica.port;
          for (const { toRedis } of site.services) toRedis.redirect(port);
        },
        () => promoted ?? site.client,
      );
    } finally {
      // The next test starts with the first Redis, which is an older copy by now.
      for (const { toRedis } of site.services) toRedis.redirect(original);
      (promoted as { disconnect(): void } | undefined)?.disconnect();
      await replica?.kill();
      await rm(own, { recursive: true, force: true });
    }
  }, 60_000);
});

test("a stranger cannot take an id before its account is restored, and the owner logs in afterwards", async () => {
  const { userId: grace } = await enter();
  await site.drained();
  const codes = new Set<string | undefined>();
  await site.client.flushall();
  await until(
    () =>
      codeOf(clientOf(gateway).register({ user_id: grace, name: "Stranger", region: "EU", password: "another horse" })),
    (code) => {
      codes.add(code);
      return code === "user_exists";
    },
  );
  expect([...codes].filter((code) => code !== "unavailable")).toEqual(["user_exists"]);
  const owner = await clientOf(gateway).login({ user_id: grace, password: "correct horse" });
  expect(owner.user).toMatchObject({ user_id: grace, name: grace });
}, 30_000);

test("players of an identity provider, who have no local account, keep their scores when Redis is emptied", async () => {
  const provider = startIdentityProvider();
  const key = await makeKey("ES256", "one");
  provider.keys.push(key.jwk);
  const { jwksUrl, issuer, audience } = provider.options;
  const env = { JWT_JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_REGION_CLAIM: "region" };
  const provided = await startSite({ env });
  try {
    const token = await signAs(key, { sub: "grace", name: "Grace", region: "EU" });
    const add = () => clientOf(provided.gateways[0]).post("/score/add", { delta: 5 }, token);
    const added = await until(add, ({ ok }) => ok);
    expect(await added.json()).toMatchObject({ score: 5 });
    await provided.drained();
    await provided.client.flushall();
    const again = await until(add, ({ ok }) => ok);
    expect(await again.json()).toMatchObject({ score: 10 });
  } finally {
    await provided.close();
    await provider.stop();
  }
}, 60_000);
