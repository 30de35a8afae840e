import { afterEach, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { forFile } from "testing/for-file";
import { until } from "testing/until";
import { scaled } from "../scale.ts";
import { startSite } from "../site.ts";
import { expectSeasonsKept, nearBoundary } from "./expect-seasons.ts";
import { readHome } from "./read-seasons.ts";

const site = await forFile(startSite({ rankers: 2, gateways: 2, drainers: 2 }));
afterEach(() => site.heal());

const EVERY_MS = 3_000;
const play = { schedule: "*/3 * * * * *", isModerated: true };
const VICTIMS = [site.rankers[0], ...site.drainers, site.redis, site.postgres, site.gateways[0]];

test("kill -9 of each process about the end of a season puts every write in the season of its answer", async () => {
  await expectSeasonsKept(site, {
    name: "kill -9 of each process about the end of a season",
    times: scaled(VICTIMS.length, 8 * VICTIMS.length),
    play,
    async inject(_, n) {
      // The last writes, the roll-over, the archive and what comes behind it.
      await nearBoundary(EVERY_MS, Math.random() * 1_800 - 200);
      await VICTIMS[n % VICTIMS.length]?.crash();
    },
  });
}, 300_000);

test("everything down over three ends: each season ended at its instant, two of them are empty, each is told once", async () => {
  const everything = [...site.services, site.redis, site.postgres];
  const finals = await expectSeasonsKept(site, {
    name: "everything down over three ends",
    times: scaled(1, 5),
    play,
    async inject() {
      await nearBoundary(EVERY_MS, -Math.random() * 1_000);
      await Promise.all(everything.map((member) => member.kill()));
      await delay(3 * EVERY_MS);
      await Promise.all([site.redis.start(), site.postgres.start()]);
      await Promise.all(site.services.map((member) => member.start()));
      await nearBoundary(EVERY_MS, 500);
    },
  });
  expect(finals.filter(({ total }) => total === 0).length).toBeGreaterThanOrEqual(2);
}, 300_000);

test("drainers that are away over the ends of seasons archive none with a write behind its end", async () => {
  await expectSeasonsKept(site, {
    name: "drainers away over the ends of seasons",
    times: scaled(1, 5),
    play,
    async inject() {
      await Promise.all(site.drainers.map((drainer) => drainer.kill()));
      await delay(2.5 * EVERY_MS);
      await Promise.all(site.drainers.map((drainer) => drainer.start()));
    },
  });
}, 300_000);

test("connections to PostgreSQL that went silent hold up no season for long", async () => {
  await expectSeasonsKept(site, {
    name: "PostgreSQL in a black hole between the ends of seasons",
    times: scaled(1, 5),
    play,
    async inject({ board }) {
      const stores = { regions: ["GLOBAL"], redises: [site.client], postgresUrl: site.postgresUrl };
      const finals = async () => (await readHome(stores, board)).filter(({ state }) => state === "final").length;
      const before = await finals();
      // From then on the drainer has a connection for archives.
      await until(finals, (count) => count > before);
      for (const { toPostgres } of site.drainers) toPostgres.blackHole();
      await delay(500);
      for (const { toPostgres } of site.drainers) toPostgres.pass();
      await nearBoundary(EVERY_MS, 300);
    },
  });
}, 300_000);
