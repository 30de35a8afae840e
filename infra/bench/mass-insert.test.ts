import { afterAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { boardKey, entriesKey, MAIN_BOARD } from "shared/redis/keys";
import { scratchDir } from "stack/scratch-dir";
import { REGION, TOPOLOGY } from "./board-under-load.ts";
import { startScratch } from "./growth-board.ts";
import { writeMassInsert } from "./mass-insert.ts";
import { createPlayers } from "./players.ts";
import { SHARD } from "./queued-events.ts";
import { seedRedis } from "./seed-redis.ts";

const dir = await scratchDir();
const { admin, url, dispose } = await startScratch();
afterAll(async () => {
  await dispose();
  await rm(dir, { recursive: true });
});

test("redis-cli leaves the members and records that a restore is to leave", async () => {
  const players = createPlayers(300, 1_767_225_600_000_000);
  const file = join(dir, "commands");
  await writeMassInsert(file, players);
  const child = Bun.spawn(["redis-cli", "-u", url, "--pipe"], { stdin: Bun.file(file), stderr: "pipe" });
  expect(await new Response(child.stdout).text()).toContain("errors: 0, replies: 600");
  for (const kind of ["ranking", "record"] as const) {
    await seedRedis(admin, { topology: TOPOLOGY, region: REGION, players, kind });
  }
  const rankingOf = (key: string) => admin.send("ZRANGE", [key, "0", "-1", "WITHSCORES"]);
  expect(await rankingOf("ranking")).toEqual(await rankingOf(boardKey(SHARD, MAIN_BOARD)));
  const recordsOf = (key: string) => admin.send("HGETALL", [key]);
  expect(await recordsOf("records")).toEqual(await recordsOf(entriesKey(SHARD, MAIN_BOARD)));
});
