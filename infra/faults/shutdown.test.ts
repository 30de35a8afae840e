import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { forFile } from "testing/for-file";
import { type ServiceMember, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const bunArgs = ["--preload", join(import.meta.dir, "throw-on-signal.ts")];
const site = await forFile(startSite({ rankers: 2, gateways: 2, drainers: 2, bunArgs }));

// The deadline of an orderly end, and a second for a busy machine to notice it.
const ENDED_MS = 11_000;

describe.each([
  ["gateway", site.gateways[0]],
  ["ranker", site.rankers[0]],
  ["drainer", site.drainers[0] as ServiceMember],
])("a %s under load", (name, member) => {
  /** Ends the service while clients write. @returns its exit code */
  async function endUnderLoad(fault: string, signal: NodeJS.Signals): Promise<number> {
    let code = -1;
    await expectNothingLost(site, {
      name: `${fault} of a ${name}`,
      async inject() {
        await delay(200);
        const startedAt = performance.now();
        process.kill(member.pid, signal);
        code = await member.exited;
        expect(performance.now() - startedAt).toBeLessThan(ENDED_MS);
        await member.start();
      },
    });
    return code;
  }

  test("finishes accepted requests at SIGTERM, and ends with 0", async () => {
    expect(await endUnderLoad("SIGTERM", "SIGTERM")).toBe(0);
  }, 40_000);

  test("logs an uncaught error, finishes accepted requests, and ends with 1", async () => {
    const before = member.lines.length;
    expect(await endUnderLoad("an uncaught exception", "SIGUSR2")).toBe(1);
    const fatal = member.lines.slice(before).filter((line) => line.includes('"level":"fatal"'));
    expect(fatal.map((line) => JSON.parse(line))).toMatchObject([
      { msg: "uncaughtException", err: { message: "a fault of the test's own" } },
    ]);
  }, 40_000);
});
