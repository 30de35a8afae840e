import { afterAll, expect, test } from "bun:test";
import { readScoreEvent, scoreEventSchema } from "shared/model/events";
import { queueKey } from "shared/redis/keys";
import { startGrowthBoard, startScratch } from "./growth-board.ts";
import { createEvents, eventBatches, SHARD, stageEvents } from "./queued-events.ts";

const { admin, dispose } = await startScratch();
afterAll(dispose);

const usersOf = (count: number, users: number) =>
  new Set([...eventBatches(createEvents(count, users), 100)].flat().map(({ user_id }) => user_id)).size;

test("as many users as events are another one each; of fewer each comes again and again", () => {
  expect(usersOf(1_000, 1_000)).toBe(1_000);
  expect(usersOf(1_000, 10)).toBe(10);
});

test("staged events become the queue at once, the oldest at the end that a drainer reads", async () => {
  const events = createEvents(1_500, 50);
  const begin = await stageEvents(admin, events);
  expect(await admin.send("LLEN", [queueKey(SHARD)])).toBe(0);
  await begin();
  const raws = (await admin.send("LRANGE", [queueKey(SHARD), "0", "-1"])) as string[];
  const parsed = raws.toReversed().map((raw) => scoreEventSchema.parse(JSON.parse(raw)));
  expect(parsed).toEqual([...eventBatches(events, 700)].flat());
});

test("an event is spelled as a ranker spells it, which is how a drainer reads it fastest", async () => {
  const board = await startGrowthBoard(10, 1, Date.now() * 1000);
  await board.call("submit", board.players.at(3));
  const written = String(await board.admin.send("LINDEX", [queueKey(SHARD), "0"]));
  await board.dispose();
  const spelled = JSON.stringify(createEvents(1, 1).at(0));
  expect(Object.keys(JSON.parse(spelled))).toEqual(Object.keys(JSON.parse(written)));
  for (const text of [written, spelled]) expect(readScoreEvent(text)).toEqual(scoreEventSchema.parse(JSON.parse(text)));
});
