import { expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { forFile } from "testing/for-file";
import { announceWithoutNginx, nginx, startNginx } from "../deploy/nginx/nginx-under-test.ts";
import { untilAsked, untilInRound } from "./rounds.ts";
import { scaled } from "./scale.ts";
import { type ServiceMember, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

announceWithoutNginx("no rolling restart behind it was run");

const site = await forFile(startSite({ rankers: 3, gateways: 3 }));

test.each([
  ["ranker", site.rankers],
  ["gateway", site.gateways],
])(
  "after kill -9 of a %s, clients that retry under an Idempotency-Key double no write",
  async (name, members) => {
    await expectNothingLost(site, {
      name: `kill -9 of a ${name}`,
      times: scaled(4, 20),
      async inject(_load, _history, n) {
        await delay(Math.random() * 300);
        await members[n % 3]?.crash();
      },
    });
  },
  90_000,
);

test.skipIf(nginx === undefined)(
  "a rolling restart behind nginx fails no request of keep-alive clients",
  async () => {
    const front = await startNginx(site.gateways.map(({ port }) => port));
    const load = await expectNothingLost(site, {
      name: "rolling restart of rankers and gateways",
      times: scaled(6, 18),
      load: { urls: [front.url] },
      async inject(_load, _history, n) {
        const member = [...site.rankers, ...site.gateways][n % 6] as ServiceMember;
        expect(await member.stop()).toBe(0);
        const { length } = member.lines;
        await member.start();
        // A rolling restart waits for each process before it restarts the next one.
        if (site.rankers.includes(member)) await untilInRound(site.gateways, member);
        else await untilAsked(member, length);
      },
    });
    await front.stop();
    expect([...load.answers.keys()].sort()).toEqual(["200", "201"]);
    expect(load.unanswered).toBe(0);
  },
  120_000,
);
