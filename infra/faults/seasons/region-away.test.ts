import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import connect from "postgres";
import { awaitReady } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { startRedis } from "stack/redis";
import { scratchDir } from "stack/scratch-dir";
import { forFile } from "testing/for-file";
import { connectTo } from "testing/redis/connect";
import { until } from "testing/until";
import { startMember } from "../member.ts";
import { scaled } from "../scale.ts";
import { startSite } from "../site.ts";
import { expectSeasonsKept, nearBoundary } from "./expect-seasons.ts";
import { readEndedIn } from "./read-seasons.ts";
import type { SeasonsBeside } from "./seasons-beside.ts";

/** NA has a Redis of its own. */
const dir = await scratchDir();
await forFile({ dispose: () => rm(dir, { recursive: true, force: true }) });
const port = await freePort();
const ofNa = await startMember("redis of NA", () => startRedis({ port, dir: join(dir, "redis") }));
await forFile({ dispose: () => ofNa.kill() });
const url = `redis://127.0.0.1:${port}`;
const site = await forFile(startSite({ rankers: 2, drainers: 2, env: { REDIS_URL_NA: url } }));
const inNa = await connectTo(url);
await forFile({ dispose: () => inNa.disconnect() });
const redises = [site.client, inNa];

const EVERY_MS = 3_000;
const play = { schedule: "*/3 * * * * *", lanes: 8 };

/** Seasons that are archived in EU alone of two regions. */
async function untilEuIsAhead({ board }: SeasonsBeside): Promise<void> {
  const stores = { regions: ["GLOBAL"], redises, postgresUrl: site.postgresUrl };
  const finals = async () => (await readEndedIn(stores, "EU", board)).filter(({ state }) => state === "final").length;
  const before = await finals();
  await until(finals, (count) => count > before);
}

/**
 * Lets seasons end while `away` is away, and expects that the others write and archive meanwhile.
 */
async function overEnds(it: SeasonsBeside, away: { leave(): Promise<unknown>; comeBack(): Promise<unknown> }) {
  await nearBoundary(EVERY_MS, -300);
  await away.leave();
  const before = it.history.writes;
  await delay(2 * EVERY_MS);
  await untilEuIsAhead(it);
  expect(it.history.writes).toBeGreaterThan(before + 50);
  await away.comeBack();
  await nearBoundary(EVERY_MS, 300);
}

test("a region whose Redis is away over the ends of seasons ends them at their instants, and then they are final", async () => {
  await expectSeasonsKept(site, {
    name: "the Redis of a region away over the ends of seasons",
    times: scaled(1, 5),
    play,
    redises,
    async inject(it) {
      await overEnds(it, { leave: () => ofNa.kill(), comeBack: () => ofNa.start() });
      await awaitReady(inNa, 5_000);
    },
  });
}, 300_000);

test("a region whose PostgreSQL is away over the ends of seasons keeps them from being final, and takes writes", async () => {
  const sql = connect(site.postgresUrl("GLOBAL"), { max: 1 });
  const database = new URL(site.postgresUrl("NA")).pathname.slice(1);
  await expectSeasonsKept(site, {
    name: "the PostgreSQL of a region away over the ends of seasons",
    times: scaled(1, 5),
    play,
    redises,
    async inject(it) {
      await overEnds(it, {
        async leave() {
          await sql.unsafe(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
          await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${database}`;
        },
        comeBack: () => sql.unsafe(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`),
      });
    },
  });
  await sql.end();
}, 300_000);
