import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { announceWithoutNginx, nginx, startNginx } from "../deploy/nginx/nginx-under-test.ts";
import { untilAsked, untilInRound } from "./rounds.ts";
import { scaled } from "./scale.ts";
import { type Site, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

announceWithoutNginx("no rolling restart behind it was run");

let site: Site;
beforeAll(async () => {
  site = await startSite({ rankers: 3, gateways: 3 });
}, 60_000);
afterAll(() => site.close(), 30_000);

describe("kill -9, with clients that retry under an Idempotency-Key, doubles no write:", () => {
  test.each([
    ["a ranker", () => site.rankers],
    ["a gateway", () => site.gateways],
  ])(
    "of %s",
    async (name, members) => {
      const times = scaled(4, 20);
      await expectNothingLost(site, {
        name: `kill -9 of ${name}`,
        times,
        async inject() {
          for (let n = 0; n < times; n++) {
            await delay(Math.random() * 300);
            await members()[n % 3]?.crash();
          }
        },
      });
    },
    90_000,
  );
});

test.skipIf(nginx === undefined)(
  "a rolling restart behind nginx fails no request of keep-alive clients",
  async () => {
    const rounds = scaled(1, 3);
    const front = await startNginx(site.gateways.map(({ port }) => port));
    const load = await expectNothingLost(site, {
      name: "rolling restart of rankers and gateways",
      times: rounds * 6,
      load: { urls: [front.url] },
      async inject() {
        for (let round = 0; round < rounds; round++) {
          for (const member of [...site.rankers, ...site.gateways]) {
            expect(await member.stop()).toBe(0);
            const { length } = member.lines;
            await member.start();
            // A rolling restart waits for each process before it restarts the next one.
            if (site.rankers.includes(member)) await untilInRound(site.gateways, member);
            else await untilAsked(member, length);
          }
        }
      },
    });
    await front.stop();
    expect([...load.answers.keys()].sort()).toEqual(["200", "201"]);
    expect(load.unanswered).toBe(0);
  },
  120_000,
);
