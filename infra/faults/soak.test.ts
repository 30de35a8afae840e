import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { forFile } from "testing/for-file";
import type { Member } from "./member.ts";
import { scaled } from "./scale.ts";
import { type ServiceMember, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const MINUTES = Number(process.env.SOAK_MINUTES ?? scaled(0.2, 3));
const KILL_EVERY_MS = Number(process.env.SOAK_KILL_EVERY_MS ?? 2_000);
/** Pause of each client after a write; the load's own unless given. */
const PACE = process.env.SOAK_PAUSE_MS === undefined ? {} : { pauseMs: Number(process.env.SOAK_PAUSE_MS) };
const EVERY_TEN_SECONDS = "*/10 * * * * *";
/** The part of the run in which both drainers are killed, so that each makes seasons final. */
const BOTH_DRAINERS = 0.4;
// The growth of memory in the second half of a run: a leak of a kilobyte a request exceeds it.
const GROWTH_MAX = 1.25;

const site = await forFile(startSite({ rankers: 3, gateways: 3, drainers: 2 }));

/** Memory that a process holds, in bytes. */
async function residentBytes({ pid }: Member): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

test(
  `a soak of ${MINUTES} minutes with random kills keeps memory flat and loses no write`,
  async () => {
    const spared = [site.rankers[0], site.gateways[0], site.drainers[0]] as ServiceMember[];
    const victims = [...site.services.filter((each) => !spared.includes(each)), site.redis, site.postgres];
    const startedAt = performance.now();
    const endsAt = startedAt + MINUTES * 60_000;
    const bothUntil = startedAt + MINUTES * 60_000 * BOTH_DRAINERS;
    let kills = 0;
    const memory: (number | undefined)[][] = [];
    const measure = async () => void memory.push(await Promise.all(spared.map(residentBytes)));

    await expectNothingLost(site, {
      name: `soak of ${MINUTES} minutes, random kills`,
      load: PACE,
      seasons: { schedule: EVERY_TEN_SECONDS, isModerated: true, ...PACE },
      async inject() {
        const halfAt = (performance.now() + endsAt) / 2;
        while (performance.now() < endsAt) {
          const now = performance.now() < bothUntil ? [...victims, ...site.drainers] : victims;
          const victim = now[Math.floor(Math.random() * now.length)] as Member;
          await delay(Math.random() * KILL_EVERY_MS);
          await victim.kill();
          await victim.start();
          kills++;
          if (memory.length === 0 && performance.now() > halfAt) await measure();
        }
        await measure();
      },
    });
    expect(kills).toBeGreaterThan(0);
    for (const { isRunning } of site.services) expect(isRunning).toBeTrue();
    if (process.platform !== "linux") return; // there is no /proc elsewhere
    const [half = [], end = []] = memory;
    for (const [i, { name }] of spared.entries()) {
      const growth = (end[i] ?? Number.NaN) / (half[i] ?? Number.NaN);
      process.stdout.write(`${name}: ${Math.round((end[i] ?? 0) / 1e6)} MB, ${growth.toFixed(2)} of its half-time\n`);
      expect(growth).toBeLessThan(GROWTH_MAX);
    }
  },
  (MINUTES + 2) * 60_000,
);
