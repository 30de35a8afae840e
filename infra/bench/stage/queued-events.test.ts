import { afterAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { readScoreEvent, scoreEventSchema } from "shared/model/events";
import { queueKey } from "shared/redis/keys";
import { scratchDir } from "stack/scratch-dir";
import { startGrowthBoard } from "../growth/board.ts";
import { createPlayers, inBatches } from "./players.ts";
import { createEvents, stageEvents } from "./queued-events.ts";
import { startBenchRedis } from "./stores.ts";
import { SHARD } from "./topology.ts";

const dir = await scratchDir();
const redis = await startBenchRedis(dir);
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const usersOf = (count: number, users: number) =>
  new Set([...inBatches(createEvents(count, users), 100)].flat().map(({ user_id }) => user_id)).size;

test("with as many users as events each event has its own user; fewer users come again and again", () => {
  expect(usersOf(1_000, 1_000)).toBe(1_000);
  expect(usersOf(1_000, 10)).toBe(10);
});

test("staged events become the queue at once, the oldest at the end that a drainer reads", async () => {
  const events = createEvents(1_500, 50);
  const begin = await stageEvents(redis.admin, events);
  expect(await redis.admin.send("LLEN", [queueKey(SHARD)])).toBe(0);
  await begin();
  const raws = (await redis.admin.send("LRANGE", [queueKey(SHARD), "0", "-1"])) as string[];
  const parsed = raws.toReversed().map((raw) => scoreEventSchema.parse(JSON.parse(raw)));
  expect(parsed).toEqual([...inBatches(events, 700)].flat());
});

test("an event is spelled as the ranker spells it, which the drainer reads without parsing JSON", async () => {
  await using stack = new AsyncDisposableStack();
  const players = createPlayers(10, Date.now() * 1000);
  const { admin, calls } = await startGrowthBoard(stack, { dir, players, shards: 1 });
  await calls.submit(players.at(3));
  const written = String(await admin.send("LINDEX", [queueKey(SHARD), "0"]));
  const spelled = JSON.stringify(createEvents(1, 1).at(0));
  expect(Object.keys(JSON.parse(spelled))).toEqual(Object.keys(JSON.parse(written)));
  for (const text of [written, spelled]) expect(readScoreEvent(text)).toEqual(scoreEventSchema.parse(JSON.parse(text)));
});
