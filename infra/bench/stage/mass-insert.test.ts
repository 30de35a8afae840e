import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { boardKey, entriesKey, MAIN_BOARD } from "shared/redis/keys";
import { scratchRedis } from "testing/scratch";
import { writeMassInsert } from "./mass-insert.ts";
import { createPlayers } from "./players.ts";
import { ENTRY_KINDS, seedRedis } from "./seed-redis.ts";
import { REGION, SHARD, TOPOLOGY } from "./topology.ts";

const { url, dir, dispose } = await scratchRedis();
const admin = new RedisClient(url);
afterAll(async () => {
  admin.close();
  await dispose();
});

test("redis-cli leaves the members and records that a restore leaves", async () => {
  const players = createPlayers(300, 1_767_225_600_000_000);
  const file = join(dir, "commands");
  await writeMassInsert(file, players);
  const child = Bun.spawn(["redis-cli", "-u", url, "--pipe"], { stdin: Bun.file(file), stderr: "pipe" });
  expect(await new Response(child.stdout).text()).toContain("errors: 0, replies: 600");
  for (const kind of ENTRY_KINDS) await seedRedis(admin, { topology: TOPOLOGY, region: REGION, players, kind });
  const rankingOf = (key: string) => admin.send("ZRANGE", [key, "0", "-1", "WITHSCORES"]);
  expect(await rankingOf("ranking")).toEqual(await rankingOf(boardKey(SHARD, MAIN_BOARD)));
  const recordsOf = (key: string) => admin.send("HGETALL", [key]);
  expect(await recordsOf("records")).toEqual(await recordsOf(entriesKey(SHARD, MAIN_BOARD)));
});
