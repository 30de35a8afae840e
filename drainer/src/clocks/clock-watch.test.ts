import { describe, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { primariesOf } from "shared/redis/redis";
import { createMetrics } from "shared/service/metrics";
import { forFile } from "testing/for-file";
import { until } from "testing/until";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { measureClocks } from "./clock-metrics.ts";
import { startClockWatch } from "./clock-watch.ts";
import { offsetOf, readClock } from "./read-clock.ts";

describe("a clock", () => {
  /** A store whose answers take these times, half of it each way, and whose clock is ahead. */
  async function read(waysMs: number[], aheadMs: number) {
    let ticks = 0;
    const left = [...waysMs];
    return await readClock(
      async () => {
        const wayMs = left.shift() ?? 0;
        ticks += wayMs / 2;
        const us = (1e12 + ticks + aheadMs) * 1_000;
        ticks += wayMs / 2;
        return us;
      },
      () => ticks,
    );
  }

  test("is read by the quickest of three answers, and the error is half of the ways", async () => {
    const home = await read([10, 2, 40], 0);
    const ahead = await read([900, 6, 6], 1_500);
    expect(offsetOf(ahead, home)).toEqual({ seconds: 1.5, errorSeconds: 0.004 });
    expect(offsetOf(await read([4, 4, 4], -250), home).seconds).toBe(-0.25);
  });

  test("whose store is away is not read", async () => {
    const away = readClock(() => Promise.reject(new Error("away")));
    expect(await away.catch((error: Error) => error.message)).toBe("away");
  });
});

const it = await forFile(startUnderTest());

test("the drainer that holds the lease compares the stores that answer with the home Redis", async () => {
  const registry = createMetrics("drainer");
  const offsets = async (name: string) => {
    const { values = [] } = (await registry.getSingleMetric(name)?.get()) ?? {};
    return new Map(values.map(({ labels, value }) => [labels.store, value]));
  };
  const warned: unknown[] = [];
  const log = createLog("test", "silent");
  log.warn = (fields: unknown) => void warned.push(fields);
  let aheadUs = 5e6;
  const time = async (): Promise<[number, number]> => {
    const [seconds, micros] = await it.redis.time();
    const us = Number(seconds) * 1e6 + Number(micros) + aheadUs;
    return [Math.floor(us / 1e6), us % 1e6];
  };
  const ahead = { time } as unknown as typeof it.redis;
  const node = (port: number) => ({ options: { host: "10.0.0.1", port }, time });
  const cluster = { isCluster: true, nodes: () => [node(7001), node(7002)] } as unknown as typeof it.redis;
  const away = { time: () => Promise.reject(new Error("away")) } as unknown as typeof it.redis;
  const [home = it.redis] = primariesOf(it.redis);
  let isHeld = false;
  const watch = startClockWatch({
    stores: {
      home: home as typeof it.redis,
      byAddress: new Map([
        ["home", home as typeof it.redis],
        ["ahead", ahead],
        ["away", away],
        ["cluster", cluster],
      ]),
    },
    databases: { all: [it.database] },
    lease: () => ({ isHeld: () => isHeld }),
    log,
    metrics: measureClocks(registry),
    lookEveryMs: 5,
  });
  isHeld = true;
  const found = await until(
    () => offsets("leaderboard_drainer_clock_offset_seconds"),
    (all) => all.size === 4,
  );
  const errors = await offsets("leaderboard_drainer_clock_offset_error_seconds");
  const nodes = ["redis 10.0.0.1:7001", "redis 10.0.0.1:7002"];
  expect([...found.keys()]).toEqual(["redis ahead", ...nodes, `postgres ${it.database.label}`]);
  expect(Math.abs((found.get("redis ahead") ?? 0) - 5)).toBeLessThanOrEqual(errors.get("redis ahead") ?? 0);
  const ofPostgres = found.get(`postgres ${it.database.label}`) ?? Number.NaN;
  // On one machine the two have one clock.
  expect(Math.abs(ofPostgres)).toBeLessThanOrEqual(errors.get(`postgres ${it.database.label}`) ?? 0);
  await until(async () => (await offsets("leaderboard_drainer_clock_offset_seconds")).size === 4);
  // Once for each, however often it is compared.
  expect(warned).toEqual(["redis ahead", ...nodes].map((store) => ({ store, seconds: expect.closeTo(5, 1) })));
  aheadUs = 0;
  await until(
    () => offsets("leaderboard_drainer_clock_offset_seconds"),
    (all) => Math.abs(all.get("redis ahead") ?? 5) < 1,
  );
  isHeld = false;
  await until(
    () => offsets("leaderboard_drainer_clock_offset_seconds"),
    (all) => all.size === 0,
  );
  await watch.stop();
});
