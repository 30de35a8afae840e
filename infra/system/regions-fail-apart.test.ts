import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import connect from "postgres";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { readPostgresEntries } from "testing/read-entries";
import { scratchPostgres, scratchRedisClient } from "testing/scratch";
import { clientOf } from "testing/services/client";
import { type ServiceName, type ServiceUnderTest, startService } from "testing/services/service-under-test";
import { openTcpProxy } from "testing/tcp-proxy";
import { until } from "testing/until";
import { LEASE_TTL_MS } from "../../drainer/src/leases/lease.ts";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS } from "../faults/site.ts";

/**
 * Each region has a Redis and a database of its own, behind proxies. Accounts are on those of
 * GLOBAL.
 */
const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"] as const;
type Region = (typeof REGIONS)[number];

/** A client waits a second at the most for an answer. */
const ANSWER_MS = 1_000;
/** How long writes may fail after the last store is back. */
const HEAL_MS = 2_000;

async function forEach<T>(make: (region: Region) => Promise<T>): Promise<Record<Region, T>> {
  return Object.fromEntries(await Promise.all(REGIONS.map(async (region) => [region, await make(region)]))) as never;
}

const databaseOf = (region: Region) => `leaderboard_${region.toLowerCase()}`;
const postgres = await forFile(scratchPostgres(REGIONS.map(databaseOf)));
const servers = await forEach(() => forFile(scratchRedisClient()));
const toRedis = await forEach((region) => forFile(openTcpProxy(Number(new URL(servers[region].url).port))));
const toPostgres = await forEach(() => forFile(openTcpProxy(postgres.port)));
// A test that fails in the middle of a fault must not fail the next one.
afterEach(() => {
  for (const proxy of [...Object.values(toRedis), ...Object.values(toPostgres)]) proxy.pass();
});

const redisAt = (region: Region) => `redis://127.0.0.1:${toRedis[region].port}`;
function postgresAt(region: Region): string {
  const url = new URL(postgres.url(databaseOf(region)));
  url.port = String(toPostgres[region].port);
  return url.href;
}
const env = {
  REDIS_URL: redisAt("GLOBAL"),
  POSTGRES_URL: postgresAt("GLOBAL"),
  PASSWORDS: "optional",
  ...Object.fromEntries(REGIONS.map((region) => [`REDIS_URL_${region}`, redisAt(region)])),
  ...Object.fromEntries(REGIONS.map((region) => [`POSTGRES_URL_${region}`, postgresAt(region)])),
  ...NO_LIMITS,
};

const started: ServiceUnderTest[] = [];
await forFile({ dispose: () => Promise.all(started.map((service) => service.kill())) });

async function start(name: ServiceName, more: Record<string, string> = {}): Promise<ServiceUnderTest> {
  const service = await startService(name, { ...env, ...more });
  started.push(service);
  return service;
}

const ranker = await start("ranker");
let drainers: ServiceUnderTest[] = await Promise.all([start("drainer"), start("drainer")]);
const gateway = await start("gateway", { LEADERBOARD_SERVICE_URLS: ranker.url });
const tokens = new Map<Region, string>();
beforeAll(async () => {
  for (const [n, region] of REGIONS.entries()) {
    tokens.set(region, await clientOf(gateway).register({ user_id: idOf(region), name: region, region }));
    expect((await write(region, 10 + n)).status).toBe(200);
  }
});

const idOf = (region: Region) => `player-${region}`;

interface Timed {
  status: number;
  body: Record<string, unknown>;
  waitedMs: number;
}

async function timed(ask: () => Promise<Response>): Promise<Timed> {
  const startedAt = performance.now();
  const response = await ask();
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body, waitedMs: performance.now() - startedAt };
}

const write = (region: Region, score: number, at = gateway) =>
  timed(() => clientOf(at).post("/score/update", { score }, tokens.get(region)));
const read = (path: string, at = gateway) => timed(() => fetch(at.url + path));
const row = async (region: Region) =>
  (await readPostgresEntries(postgres.url(databaseOf(region)))).find(({ userId }) => userId === idOf(region))?.score;

const everyRowIs = async (score: number) => (await Promise.all(REGIONS.map(row))).every((each) => each === score);

/** Waits until every region reads and writes again. @returns the milliseconds that took */
async function untilHealed(): Promise<number> {
  const startedAt = performance.now();
  await until(
    () => Promise.all([read("/top"), ...REGIONS.map((region) => write(region, 50))]),
    (answers) => answers.every(({ status }) => status === 200),
  );
  return performance.now() - startedAt;
}

/** Checks what clients get while the Redis of ASIA is away, and the ranker knows it. */
async function expectOthersAtWork(): Promise<void> {
  const others = REGIONS.filter((region) => region !== "ASIA");
  for (let n = 0; n < 10; n++) {
    const writes = await Promise.all(others.map((region) => write(region, 100 + n)));
    const reads = await Promise.all(others.slice(1).map((region) => read(`/rank/${idOf(region)}?region=${region}`)));
    for (const { status } of [...writes, ...reads]) expect(status).toBe(200);
    const [asian, asianRead, all, partial] = await Promise.all([
      write("ASIA", 1),
      read("/top?region=ASIA"),
      read("/top"),
      read("/top?partial=allow"),
    ]);
    expect([asian?.status, asian?.body.code]).toEqual([503, "unavailable"]);
    for (const answer of [asianRead, all]) {
      expect([answer?.status, answer?.body.code]).toEqual([503, "region_unavailable"]);
      expect(answer?.body.missing_regions).toEqual(["ASIA"]);
    }
    expect(partial).toMatchObject({ status: 200, body: { total: 3, missing_regions: ["ASIA"] } });
    for (const { waitedMs } of [...writes, ...reads, asian, asianRead, all, partial].flatMap((one) => one ?? [])) {
      expect(waitedMs).toBeLessThan(ANSWER_MS);
    }
  }
}

describe("the Redis of a region", () => {
  test("that refuses connections: its region gets 503, the others work on, and it recovers by itself", async () => {
    toRedis.ASIA.refuse();
    await until(async () => (await write("ASIA", 1)).body.code === "unavailable");
    await expectOthersAtWork();
    expect((await read("/ready", ranker)).status).toBe(200);
    toRedis.ASIA.pass();
    expect(await untilHealed()).toBeLessThan(HEAL_MS);
  }, 30_000);

  test("that answers nothing: the others do not wait for it, from the first request on", async () => {
    toRedis.ASIA.blackHole();
    const lost = write("ASIA", 1);
    for (let n = 0; n < 20; n++) {
      const answers = await Promise.all([write("EU", n), read("/top?region=NA"), write("NA", n)]);
      for (const { status, waitedMs } of answers) {
        expect(status).toBe(200);
        expect(waitedMs).toBeLessThan(200); // a command to the silent Redis takes until its time-out of 400 ms
      }
    }
    expect((await lost).status).toBe(503);
    expect((await lost).waitedMs).toBeLessThan(ANSWER_MS);
    await until(async () => (await write("ASIA", 1)).body.code === "unavailable");
    await expectOthersAtWork();
    toRedis.ASIA.pass();
    expect(await untilHealed()).toBeLessThan(HEAL_MS);
  }, 30_000);

  test("that is away when services start: they serve the others, and it as soon as it is there", async () => {
    toRedis.ASIA.refuse();
    const [late, drainer] = await Promise.all([
      start("ranker"),
      start("drainer", { DRAIN_REGIONS: "ASIA,NA", DRAIN_ACCOUNTS: "false" }),
    ]);
    expect((await write("EU", 7, late)).status).toBe(200);
    expect((await read("/ready", drainer)).status).toBe(200);
    expect((await write("ASIA", 7, late)).body.code).toBe("unavailable");
    expect((await read("/top?partial=allow", late)).body.missing_regions).toEqual(["ASIA"]);
    toRedis.ASIA.pass();
    const startedAt = performance.now();
    await until(async () => (await write("ASIA", 8, late)).status === 200);
    expect(performance.now() - startedAt).toBeLessThan(HEAL_MS);
    expect((await read("/top", late)).status).toBe(200);
    await Promise.all([late.stop(), drainer.stop()]);
  }, 60_000);

  test("that comes late with another number of partitions is not used, and the log says what to do", async () => {
    toRedis.ASIA.refuse();
    const late = await start("ranker");
    const mark = await servers.ASIA.redis.getset("split:{ASIA}", "4");
    toRedis.ASIA.pass();
    const advice = "set PARTITIONS=4, or move the data";
    await until(async () => late.lines.some((line) => line.includes(advice)));
    expect((await write("ASIA", 9, late)).body.code).toBe("unavailable");
    expect((await write("EU", 9, late)).status).toBe(200);
    await servers.ASIA.redis.set("split:{ASIA}", mark ?? "1");
    await until(async () => (await write("ASIA", 9, late)).status === 200);
    await late.stop();
  }, 60_000);
});

test("without the home Redis, players with a token play on, and logins get 503", async () => {
  toRedis.GLOBAL.refuse();
  await until(async () => (await write("GLOBAL", 1)).status === 503);
  for (let n = 0; n < 10; n++) {
    const answers = await Promise.all([write("EU", n), write("ASIA", n), read("/top?region=EU")]);
    for (const { status } of answers) expect(status).toBe(200);
    const login = await timed(() => clientOf(gateway).post("/auth/login", { user_id: idOf("EU"), name: "EU" }));
    expect([login.status, login.waitedMs < ANSWER_MS]).toEqual([503, true]);
  }
  toRedis.GLOBAL.pass();
  expect(await untilHealed()).toBeLessThan(HEAL_MS);
}, 30_000);

describe("the database of a region", () => {
  test("that is away: the other regions are drained, also by a drainer that starts meanwhile", async () => {
    toPostgres.ASIA.refuse();
    await write("ASIA", 1234);
    await write("EU", 1234);
    await until(async () => (await row("EU")) === 1234);
    await Promise.all(drainers.map((drainer) => drainer.stop()));
    await write("EU", 1235);
    drainers = [await start("drainer"), await start("drainer")];
    await until(async () => (await row("EU")) === 1235);
    expect(await row("ASIA")).not.toBe(1234);
    const ready = await read("/ready", drainers[0]);
    const nameOf = (region: Region) => `postgres 127.0.0.1:${toPostgres[region].port}/${databaseOf(region)}`;
    const dependencies = [
      ...REGIONS.map((region) => ({ name: `redis 127.0.0.1:${toRedis[region].port}`, up: true })),
      ...REGIONS.map((region) => ({ name: nameOf(region), up: region !== "ASIA" })),
    ];
    expect([ready.status, ready.body]).toEqual([200, { status: "ready", dependencies }]);
    toPostgres.ASIA.pass();
    await until(async () => (await row("ASIA")) === 1234);
  }, 60_000);
});

test("an erasure reaches the stores of every region, also one that is away at first", async () => {
  const operator = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 600);
  const client = clientOf(gateway);
  const headers = { Authorization: `Bearer ${operator}` };
  const erase = () => timed(() => fetch(`${gateway.url}/players/x`, { method: "DELETE", headers }));
  const token = await client.register({ user_id: "x", name: "X", region: "EU" });
  expect((await client.post("/score/update", { score: 7 }, token)).status).toBe(200);
  // Rows from when the player had another home region.
  for (const region of ["ASIA", "NA"] as const) {
    const sql = connect(postgres.url(databaseOf(region)), { max: 1 });
    await sql`
      INSERT INTO leaderboard (user_id, name, region, reached_at, updated_at)
      VALUES ('x', 'X', ${region}, 'epoch', 'epoch')`;
    await sql.end();
  }
  const rows = async () => {
    const databases = await Promise.all(REGIONS.map((region) => readPostgresEntries(postgres.url(databaseOf(region)))));
    return databases.map((entries) => entries.filter(({ userId }) => userId === "x").length);
  };
  await until(rows, (counts) => counts.join() === "0,1,1,1");
  toRedis.ASIA.refuse();
  const { status, body } = await until(erase, (answer) => answer.status !== 200);
  expect([status, body.code]).toEqual([503, "outcome_unknown"]);
  toRedis.ASIA.pass();
  await until(erase, (answer) => answer.status === 200);
  await until(rows, (counts) => counts.join() === "0,0,0,0");
  expect((await read("/rank/x")).status).toBe(404);
}, 60_000);

describe("a Redis that was emptied", () => {
  const settle = async (score: number) => {
    for (const region of REGIONS) expect((await write(region, score)).status).toBe(200);
    await until(() => everyRowIs(score));
  };

  test("closes only its region, until its players have their scores again", async () => {
    await settle(600);
    await servers.EU.redis.flushall();
    const refused = new Set<unknown>();
    await until(
      async () => {
        for (const region of ["ASIA", "NA", "GLOBAL"] as const) expect((await write(region, 601)).status).toBe(200);
        return read("/rank/player-EU?region=EU");
      },
      ({ status, body }) => {
        if (status !== 200) refused.add(body.code);
        return status === 200;
      },
    );
    expect((await read("/rank/player-EU?region=EU")).body).toMatchObject({ score: 600, total: 1 });
    expect([...refused].every((code) => code === "region_unavailable")).toBe(true);
    expect((await write("EU", 602)).status).toBe(200);
  }, 30_000);

  test("with the accounts lets players of other regions play on, and gives no id to a stranger", async () => {
    await settle(700);
    await servers.GLOBAL.redis.flushall();
    const stranger = { user_id: idOf("EU"), name: "Stranger", region: "EU" };
    const codes = new Set<unknown>();
    await until(
      async () => {
        expect((await write("EU", 701)).status).toBe(200);
        return timed(() => clientOf(gateway).post("/auth/register", stranger));
      },
      ({ status, body }) => {
        codes.add(body.code);
        return status === 409;
      },
    );
    expect([...codes].filter((code) => code !== "unavailable")).toEqual(["user_exists"]);
    expect(await untilHealed()).toBeLessThan(10_000);
  }, 30_000);
});

describe("two drainers", () => {
  const leases = () => Promise.all(REGIONS.map((region) => servers[region].redis.get(`lease:{${region}}`)));

  test("of which one is killed: the other takes its regions over within 10 seconds", async () => {
    const [first, second] = drainers as [ServiceUnderTest, ServiceUnderTest];
    await second.stop(); // so that the first holds all
    await until(leases, (holders) => holders[0] !== null && new Set(holders).size === 1);
    drainers = [first, await start("drainer")];
    const held = await leases();
    await first.kill();
    const startedAt = performance.now();
    for (const region of REGIONS) await write(region, 4321);
    await until(() => everyRowIs(4321));
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeLessThan(10_000);
    expect(tookMs).toBeLessThan(3 * LEASE_TTL_MS);
    expect((await leases()).some((holder, index) => holder === held[index])).toBeFalse();
    drainers = [...drainers.slice(1), await start("drainer")];
  }, 60_000);

  test("with regions of their own drain everything, and neither touches the other's", async () => {
    await Promise.all(drainers.map((drainer) => drainer.stop()));
    drainers = await Promise.all([
      start("drainer", { DRAIN_REGIONS: "ASIA,EU", DRAIN_ACCOUNTS: "false" }),
      start("drainer", { DRAIN_REGIONS: "GLOBAL,NA" }),
    ]);
    await clientOf(gateway).register({ user_id: "newcomer", name: "New", region: "NA" });
    for (const region of REGIONS) await write(region, 77);
    await until(() => everyRowIs(77));
    await until(async () => (await servers.GLOBAL.redis.llen("queue:accounts:{accounts}")) === 0);
    const [global, asia, eu, na] = await leases();
    expect([asia, global]).toEqual([eu, na]);
    expect(asia).not.toBe(global);
  }, 60_000);
});
