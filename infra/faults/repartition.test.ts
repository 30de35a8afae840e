import { expect, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { forFile } from "testing/for-file";
import type { History } from "./history.ts";
import { scaled } from "./scale.ts";
import { startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const env = { PARTITIONS: "1" };
const site = await forFile(startSite({ rankers: 2, drainers: 2, env }));

/**
 * Starts `./lb repartition` with an environment that has the present number of partitions.
 */
function repartition(to: number): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const command = join(import.meta.dir, "../commands/lb.ts");
  return Bun.spawn([process.execPath, command, "repartition", "--to", String(to)], {
    env: { ...site.storesEnv, ...env, PATH: process.env.PATH ?? "" },
    cwd: import.meta.dir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function complete(to: number): Promise<void> {
  const child = repartition(to);
  const [errors, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  expect({ code, errors }).toEqual({ code: 0, errors: expect.not.stringContaining("rror") });
}

/** Restarts one service after another, while the others still have the old number. */
async function restartWith(partitions: number): Promise<void> {
  env.PARTITIONS = String(partitions);
  for (const service of [...site.rankers, ...site.drainers]) {
    expect(await service.stop()).toBe(0);
    await service.start();
  }
}

/** Waits until clients have written `count` times more. */
async function written(history: History, count: number): Promise<void> {
  const enough = history.writes + count;
  while (history.writes < enough) await delay(10);
}

test("a move from 1 partition to 4 and back under load, with kills of the command, loses no write", async () => {
  const times = scaled(4, 20);
  await expectNothingLost(site, {
    name: "kill -9 of repartition",
    times,
    // No move begins while a season closes.
    seasons: { schedule: "0 * * * *" },
    async inject(_load, history, n) {
      if (n === 0) await written(history, 300);
      const child = repartition(4);
      await delay(200 + Math.random() * 1_000);
      child.kill("SIGKILL");
      await child.exited;
      if (n < times - 1) return;
      await complete(4);
      await restartWith(4);
      await written(history, 300);
      await complete(1);
      await restartWith(1);
      await written(history, 300);
    },
  });
}, 180_000);
