import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ServiceMember, type Site, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

let site: Site;
beforeAll(async () => {
  const bunArgs = ["--preload", join(import.meta.dir, "throw-on-signal.ts")];
  site = await startSite({ rankers: 2, gateways: 2, drainers: 2, bunArgs });
}, 60_000);
afterAll(() => site.close(), 30_000);

// The deadline of an orderly end, and a second for a busy machine to notice it.
const ENDED_MS = 11_000;

describe.each([
  ["gateway", () => site.gateways[0]],
  ["ranker", () => site.rankers[0]],
  ["drainer", () => site.drainers[0]],
])("a %s under load", (name, pick) => {
  /** Ends the service while clients write. @returns its exit code */
  async function endUnderLoad(fault: string, end: (member: ServiceMember) => void): Promise<number> {
    const member = pick() as ServiceMember;
    let code = -1;
    await expectNothingLost(site, {
      name: `${fault} of a ${name}`,
      times: 1,
      async inject() {
        await delay(200);
        const startedAt = performance.now();
        end(member);
        code = await member.exited;
        expect(performance.now() - startedAt).toBeLessThan(ENDED_MS);
        await member.start();
      },
    });
    return code;
  }

  test("finishes accepted requests at SIGTERM, and ends with 0", async () => {
    expect(await endUnderLoad("SIGTERM", ({ pid }) => process.kill(pid, "SIGTERM"))).toBe(0);
  }, 40_000);

  test("logs an uncaught error, finishes accepted requests, and ends with 1", async () => {
    const member = pick() as ServiceMember;
    const before = member.lines.length;
    expect(await endUnderLoad("an uncaught exception", ({ pid }) => process.kill(pid, "SIGUSR2"))).toBe(1);
    const fatal = member.lines.slice(before).filter((line) => line.includes('"level":"fatal"'));
    expect(fatal.map((line) => JSON.parse(line))).toMatchObject([
      { msg: "uncaughtException", err: { message: "a fault of the test's own" } },
    ]);
  }, 40_000);
});
