import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { canStepClocks, prepareSteppedClock, type SteppedClock } from "testing/redis/stepped-redis";
import { until } from "testing/until";
import { scaled } from "../scale.ts";
import { type Site, startSite } from "../site.ts";
import { expectSeasonsKept, nearBoundary } from "./expect-seasons.ts";
import type { SeasonsBeside } from "./seasons-beside.ts";

const HOUR_SECONDS = 3_600;
/** An hour holds 60 seasons, a clock that is moved forward ends them all. */
const EVERY_MINUTE = "* * * * *";
const EVERY_MS = 3_000;
const EVERY_THREE_SECONDS = "*/3 * * * * *";

/** Waits until players have written some times more. */
async function written({ history }: SeasonsBeside): Promise<void> {
  const enough = history.writes + 50;
  await until(async () => history.writes > enough);
}

describe.skipIf(!canStepClocks)("a clock that steps over the ends of seasons (needs cc)", () => {
  let redisClock: SteppedClock;
  let serviceClock: SteppedClock;
  let site: Site;
  beforeAll(async () => {
    [redisClock, serviceClock] = await Promise.all([prepareSteppedClock(), prepareSteppedClock()]);
    site = await startSite({ rankers: 2, drainers: 2, redisEnv: redisClock.env, env: serviceClock.env });
  }, 60_000);
  afterAll(async () => {
    await site.close();
    await Promise.all([redisClock.dispose(), serviceClock.dispose()]);
  }, 30_000);

  test("of Redis, back by an hour and forward again: no write returns to a season that ended", async () => {
    await expectSeasonsKept(site, {
      name: "Redis' clock back and forward by an hour over the end of a season",
      times: scaled(1, 5),
      play: { schedule: EVERY_THREE_SECONDS },
      async inject(play) {
        await nearBoundary(EVERY_MS, 20);
        await written(play);
        await redisClock.set(-HOUR_SECONDS);
        await written(play);
        await redisClock.set(0);
        await nearBoundary(EVERY_MS, 100);
        await written(play);
      },
    });
  }, 300_000);

  test("of services, by an hour either way: the clock of Redis alone ends seasons", async () => {
    const finals = await expectSeasonsKept(site, {
      name: "services' clocks an hour ahead and behind over the ends of seasons",
      times: scaled(1, 5),
      play: { schedule: EVERY_THREE_SECONDS },
      async inject(play) {
        for (const step of [HOUR_SECONDS, -HOUR_SECONDS, 0]) {
          await nearBoundary(EVERY_MS, -50);
          await serviceClock.set(step);
          await nearBoundary(EVERY_MS, 100);
          await written(play);
        }
      },
    });
    expect(finals.length).toBeLessThan(100 * scaled(1, 5));
  }, 300_000);

  // The last one: versions of this site are an hour ahead from then on.
  test("of Redis, forward by an hour and back again: the seasons between exist, and are empty", async () => {
    const finals = await expectSeasonsKept(site, {
      name: "Redis' clock forward and back by an hour over the ends of seasons",
      play: { schedule: EVERY_MINUTE },
      async inject(play) {
        await written(play);
        await redisClock.set(HOUR_SECONDS);
        await written(play);
        await redisClock.set(0);
        await written(play);
      },
    });
    expect(finals.length).toBeGreaterThanOrEqual(59);
    expect(finals.filter(({ total }) => total === 0).length).toBeGreaterThanOrEqual(58);
  }, 300_000);
});
