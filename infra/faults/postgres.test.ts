import { afterEach, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import connect from "postgres";
import { forFile } from "testing/for-file";
import type { Load } from "./load.ts";
import { scaled } from "./scale.ts";
import { type ServiceMember, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

// The queues are so small that an outage fills them.
const site = await forFile(startSite({ rankers: 2, env: { QUEUE_MAX: "100" } }));
const [drainer] = site.drainers as [ServiceMember];
const { pid } = drainer;
afterEach(() => site.heal());

/** How long the queues may take to be empty once PostgreSQL is back. */
const DRAIN_MS = 5_000;

/** Checks that the drainer was not restarted. */
function expectAlive(): void {
  expect([drainer.isRunning, drainer.pid]).toEqual([true, pid]);
}

/** Waits until a queue is full, and writers get 429. */
async function untilRefused(load: Load): Promise<void> {
  const refusals = () => load.answers.get("429 queue_full") ?? 0;
  const before = refusals();
  while (refusals() === before) await delay(10);
}

async function expectDrainedInTime(): Promise<void> {
  const startedAt = performance.now();
  await site.drained();
  expect(performance.now() - startedAt).toBeLessThan(DRAIN_MS);
  expectAlive();
}

test("repeated pg_terminate_backend does not stop the drainer", async () => {
  const times = scaled(5, 20);
  const sql = connect(site.postgresUrl("GLOBAL"), { max: 1 });
  let ended = 0;
  await expectNothingLost(site, {
    name: "pg_terminate_backend",
    times,
    async inject() {
      await delay(Math.random() * 200);
      const backends = await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'drainer%'`;
      ended += backends.length;
    },
    repair: expectDrainedInTime,
  });
  await sql.end();
  expect(ended).toBeGreaterThanOrEqual(times);
}, 60_000);

test("a restart of PostgreSQL loses and doubles no write", async () => {
  await expectNothingLost(site, {
    name: "PostgreSQL restarted",
    times: scaled(1, 3),
    async inject() {
      await delay(Math.random() * 500);
      await site.postgres.stop();
      await site.postgres.start();
    },
    repair: expectDrainedInTime,
  });
}, 60_000);

test("without PostgreSQL writes go on until QUEUE_MAX, then get 429, and service resumes by itself", async () => {
  const awayMs = scaled(2_000, 30_000);
  await expectNothingLost(site, {
    name: `PostgreSQL away for ${awayMs / 1000} s`,
    async inject(load) {
      await site.postgres.kill();
      await Promise.all([untilRefused(load), delay(awayMs)]);
      expectAlive();
      await site.postgres.start();
      await expectDrainedInTime(); // while the clients write on
    },
  });
}, 90_000);

test("with a silent PostgreSQL writes go on until QUEUE_MAX, then get 429, and service resumes by itself", async () => {
  const holeMs = scaled(3_000, 20_000);
  await expectNothingLost(site, {
    name: `PostgreSQL in a black hole for ${holeMs / 1000} s`,
    async inject(load) {
      drainer.toPostgres.blackHole();
      await Promise.all([untilRefused(load), delay(holeMs)]);
      expectAlive();
      drainer.toPostgres.pass();
      await expectDrainedInTime();
    },
  });
}, 90_000);
