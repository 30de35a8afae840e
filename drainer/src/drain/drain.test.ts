import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { ScoreEvent } from "shared/model/events";
import type { Database } from "shared/postgres/database";
import type { SpanStart, Tracing } from "shared/tracing/tracing";
import { configure } from "testing/whole-store";
import {
  pushEvents,
  readBoard,
  scoreDrain,
  scoreEvent,
  startUnderTest,
  type UnderTest,
} from "../../test/drainer-under-test.ts";
import { createLease } from "../leases/lease.ts";
import { peekList } from "../queues/peek-list.ts";
import { trimQueue } from "../queues/trim-queue.ts";
import type { DrainOptions } from "./drain.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const at = new Date("2026-01-02T03:04:05.000Z");
const newDrain = (options: Partial<DrainOptions<ScoreEvent>> = {}) => scoreDrain(it, { now: () => at, ...options });
const push = (...events: unknown[]) => pushEvents(it, ...events);
const deadEvents = async () =>
  (await it.redis.lrange(it.keys.dead, 0, -1)).reverse().map((element) => JSON.parse(element));

test("a drained batch has left the queue, and each player's newest score is in PostgreSQL", async () => {
  await push(scoreEvent("ann", 5, 1), scoreEvent("bob", 7, 2), scoreEvent("ann", 9, 3));
  const counts = { events: 3, rows: 2, refused: 0 };
  expect(await newDrain()()).toEqual({ state: "drained", ...counts, isTrimmed: true, isFull: false });
  expect(await readBoard(it.database)).toEqual([
    { user_id: "ann", score: "9", updated_us: "3" },
    { user_id: "bob", score: "7", updated_us: "2" },
  ]);
  expect(await newDrain()()).toEqual({ state: "empty" });
});

test("scores and times arrive exactly, to the last digit", async () => {
  const version = 1_799_999_999_999_999;
  await push(scoreEvent("max", Number.MAX_SAFE_INTEGER, version), scoreEvent("min", -Number.MAX_SAFE_INTEGER, version));
  await newDrain()();
  const updated_us = String(version);
  expect(await readBoard(it.database)).toEqual([
    { user_id: "max", score: "9007199254740991", updated_us },
    { user_id: "min", score: "-9007199254740991", updated_us },
  ]);
});

test("a commit ends the trace of its event; refused and untraced events end none", async () => {
  const spans: SpanStart[] = [];
  const tracing: Tracing = {
    within: () => Promise.reject(new Error("nothing is traced here but commits")),
    record(start) {
      spans.push(start);
      return "the batch";
    },
    current: () => undefined,
    close: async () => {},
  };
  const traceparent = (span: string) => `00-${"a".repeat(32)}-${span.repeat(16)}-01`;
  await push(scoreEvent("ann", 1, 1, { traceparent: traceparent("1") }), scoreEvent("ann", 2, 2));
  await push(scoreEvent("bob", 1, 3, { traceparent: traceparent("2"), region: "E\u0000U" }));
  await newDrain({ tracing })();
  expect(spans).toMatchObject([
    { name: "drain batch", links: [traceparent("1")] },
    { name: "commit", parent: traceparent("1"), links: ["the batch"] },
  ]);
  await push(scoreEvent("ann", 3, 4));
  await newDrain({ tracing })();
  expect(spans).toHaveLength(2);
});

test("a redelivered batch changes nothing", async () => {
  const events = [scoreEvent("ann", 5, 1), scoreEvent("bob", 7, 2)];
  await push(...events);
  await newDrain()();
  await push(scoreEvent("ann", 6, 3));
  await newDrain()();
  await push(...events);
  expect(await newDrain()()).toMatchObject({ rows: 0, isTrimmed: true });
  expect(await readBoard(it.database)).toEqual([
    { user_id: "bob", score: "7", updated_us: "2" },
    { user_id: "ann", score: "6", updated_us: "3" },
  ]);
});

test("the oldest events go first, a batch at a time", async () => {
  await push(...[1, 2, 3, 4, 5].map((version) => scoreEvent(`p${version}`, version * 10, version)));
  const drain = newDrain({ batchMax: 2 });
  expect(await drain()).toMatchObject({ events: 2, isFull: true });
  expect((await it.redis.lrange(it.keys.queue, 0, -1)).map((event) => JSON.parse(event).score)).toEqual([
    "50",
    "40",
    "30",
  ]);
  expect(await drain()).toMatchObject({ events: 2, isFull: true });
  expect(await drain()).toMatchObject({ events: 1, isFull: false });
  expect(await readBoard(it.database)).toHaveLength(5);
});

test("a crash between upsert and acknowledgement loses nothing and repeats nothing", async () => {
  await push(scoreEvent("ann", 5, 1));
  const dies: Database = {
    ...it.database,
    async run(work) {
      await it.database.run(work);
      throw new Error("the process ended here");
    },
  };
  await expect(newDrain({ database: dies })()).rejects.toThrow("ended here");
  expect(await it.redis.llen(it.keys.queue)).toBe(1);
  expect(await newDrain()()).toMatchObject({ events: 1, rows: 0, isTrimmed: true });
  expect(await readBoard(it.database)).toEqual([{ user_id: "ann", score: "5", updated_us: "1" }]);
});

test("events that arrive while a batch is written stay queued", async () => {
  await push(scoreEvent("ann", 5, 1));
  const slow: Database = {
    ...it.database,
    async run(work) {
      await push(scoreEvent("ann", 6, 2));
      return it.database.run(work);
    },
  };
  expect(await newDrain({ database: slow })()).toMatchObject({ events: 1, isTrimmed: true });
  expect(await it.redis.lrange(it.keys.queue, 0, -1)).toEqual([JSON.stringify(scoreEvent("ann", 6, 2))]);
});

test("the second acknowledgement of one batch changes nothing", async () => {
  await push(scoreEvent("ann", 5, 1), scoreEvent("bob", 6, 2), scoreEvent("cid", 7, 3), scoreEvent("dan", 8, 4));
  const batch = await peekList(it.redis, it.keys.queue, { count: 2 });
  const refused = batch.map((raw) => ({ raw, reason: "test" }));
  expect(await trimQueue(it.redis, it.keys, batch, refused, at)).toBe(true);
  expect(await trimQueue(it.redis, it.keys, batch, refused, at)).toBe(false);
  expect(await it.redis.llen(it.keys.queue)).toBe(2);
  expect(await it.redis.llen(it.keys.dead)).toBe(2);
});

test("a batch is not trimmed when its newest event has moved, although the oldest has not", async () => {
  await push(scoreEvent("ann", 5, 1), scoreEvent("bob", 6, 2), scoreEvent("cid", 7, 3));
  const batch = await peekList(it.redis, it.keys.queue, { count: 3 });
  await it.redis.lpop(it.keys.queue); // a replica that had not seen the last event
  await push(scoreEvent("dan", 7, 4));
  expect(await trimQueue(it.redis, it.keys, batch, [], at)).toBe(false);
  expect(await it.redis.llen(it.keys.queue)).toBe(3);
});

test("malformed events go to the dead list with their reasons, the others to PostgreSQL", async () => {
  const tooLong = "x".repeat(201);
  await push(
    scoreEvent("ann", 5, 1),
    "not JSON",
    scoreEvent("bob", 1, 2, { score: "1.5" }),
    scoreEvent("cid", 1, 3, { name: tooLong }),
    scoreEvent("dan", 1, 4, { name: "a\u0000b" }),
    scoreEvent("eve", 8, 5),
  );
  expect(await newDrain()()).toMatchObject({ events: 6, rows: 2, refused: 4 });
  expect((await readBoard(it.database)).map((row) => row.user_id)).toEqual(["eve", "ann"]);
  const dead = await deadEvents();
  expect(dead.map(({ event }) => event.slice(0, 8))).toEqual(["not JSON", ...Array(3).fill('{"score"')]);
  expect(dead.map(({ reason }) => reason.split(/[ :]/, 1)[0])).toEqual(["not", "score", "name", "name"]);
  expect(dead[0].at).toBe("2026-01-02T03:04:05.000Z");
});

test("an event that is not UTF-8 stays in the dead list byte for byte", async () => {
  const raw = Buffer.from([0x7b, 0xff, 0xfe]);
  await it.redis.lpush(it.keys.queue, raw);
  await newDrain()();
  expect(await it.redis.llen(it.keys.queue)).toBe(0);
  expect((await deadEvents())[0].event_base64).toBe(raw.toString("base64"));
});

test("rows that PostgreSQL refuses are found among valid ones", async () => {
  const poison = { region: "E\u0000U" };
  const events = Array.from({ length: 20 }, (_, i) => scoreEvent(`p${i}`, i, i + 1, i % 7 === 0 ? poison : {}));
  await push(...events);
  expect(await newDrain()()).toMatchObject({ events: 20, rows: 17, refused: 3 });
  const dead = await deadEvents();
  expect(dead.map(({ event }) => JSON.parse(event).user_id).sort()).toEqual(["p0", "p14", "p7"]);
  expect(dead[0].reason).toStartWith("22021 ");
});

test("when the newest event of a player is refused, the event before it is written", async () => {
  await push(scoreEvent("ann", 5, 1), scoreEvent("ann", 6, 2), scoreEvent("ann", 7, 3, { region: "\u0000" }));
  expect(await newDrain()()).toMatchObject({ rows: 1, refused: 1 });
  expect(await readBoard(it.database)).toEqual([{ user_id: "ann", score: "6", updated_us: "2" }]);
});

test("an error that does not blame a row keeps every event queued", async () => {
  await push(scoreEvent("ann", 5, 1));
  await it.database.run((sql) => sql`ALTER TABLE leaderboard RENAME TO elsewhere`);
  await expect(newDrain()()).rejects.toThrow("leaderboard");
  expect(await it.redis.llen(it.keys.queue)).toBe(1);
  await it.database.run((sql) => sql`ALTER TABLE elsewhere RENAME TO leaderboard`);
  expect(await newDrain()()).toMatchObject({ events: 1, rows: 1 });
});

test("a queue is drained while Redis is out of memory", async () => {
  await push(scoreEvent("ann", 5, 1), scoreEvent("bob", 5, 2));
  await configure(it.redis, "maxmemory", "1");
  try {
    const lease = createLease(it.redis, it.keys.lease, "me");
    expect(await newDrain({ lease })()).toMatchObject({ events: 2, isTrimmed: true });
  } finally {
    await configure(it.redis, "maxmemory", "0");
  }
});

test("the same player has one row on each board", async () => {
  await push(scoreEvent("ann", 5, 1), scoreEvent("ann", 50, 2, { board: "weekly" }));
  await newDrain()();
  expect(await readBoard(it.database)).toMatchObject([{ user_id: "ann", score: "5" }]);
  expect(await readBoard(it.database, "weekly")).toMatchObject([{ user_id: "ann", score: "50" }]);
});

test("an event of a board that was made while the drainer runs is written", async () => {
  const bob = scoreEvent("bob", 6, 2, { board: "0" });
  await push(scoreEvent("ann", 5, 1, { board: "cup-2027_7" }), { spelled: "otherwise", ...bob });
  expect(await scoreDrain(it)()).toMatchObject({ rows: 2, refused: 0 });
  expect(await readBoard(it.database, "cup-2027_7")).toMatchObject([{ user_id: "ann", score: "5" }]);
  expect(await readBoard(it.database, "0")).toMatchObject([{ user_id: "bob", score: "6" }]);
});
