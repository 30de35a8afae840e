import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { type DeadEvent, readDeadElement, toDeadElement } from "shared/model/dead-element";
import { awaitReady, connectRedis, primariesOf } from "shared/redis/redis";
import { configure } from "testing/whole-store";
import { readBoard, scoreDrain, scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { peekList } from "../queues/peek-list.ts";
import { trimQueue } from "../queues/trim-queue.ts";
import { dropDead, readDead, retryDead } from "./dead-events.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const at = new Date("2026-01-02T03:04:05.000Z");
const bury = async (...raws: (string | Buffer)[]) => {
  for (const raw of raws) {
    await it.redis.lpush(it.keys.dead, toDeadElement({ raw: Buffer.from(raw), reason: "test" }, at));
  }
};
const gather = async (pages: AsyncGenerator<DeadEvent[]>) => (await Array.fromAsync(pages)).flat();
const queued = async () => (await it.redis.lrangeBuffer(it.keys.queue, 0, -1)).reverse().map((event) => `${event}`);
const ids = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `event ${from + n}`);
const drain = () => scoreDrain(it)();

test("all dead events are read, oldest first, over more than one page", async () => {
  await bury(...ids(250));
  const events = await gather(readDead(it.redis, it.keys));
  expect(events.map(({ raw }) => `${raw}`)).toEqual(ids(250));
  expect(events[0]).toMatchObject({ at: at.toISOString(), reason: "test" });
});

test("an event whose fault was fixed reaches PostgreSQL after a retry", async () => {
  await it.redis.lpush(it.keys.queue, JSON.stringify(scoreEvent("ann", 5, 1, { board: "weekly" })));
  await it.database.run((sql) => sql`ALTER TABLE leaderboard ADD CONSTRAINT fault CHECK (score <> 5)`);
  expect(await drain()).toMatchObject({ rows: 0, refused: 1 });
  await it.database.run((sql) => sql`ALTER TABLE leaderboard DROP CONSTRAINT fault`);
  expect(await retryDead(it.redis, it.keys)).toEqual({ retried: 1, unreadable: 0 });
  expect(await drain()).toMatchObject({ rows: 1, refused: 0 });
  expect(await readBoard(it.database, "weekly")).toMatchObject([{ user_id: "ann", score: "5" }]);
  expect(await it.redis.exists(it.keys.dead, it.keys.queue)).toBe(0);
});

test("a retried event that is older than the row changes nothing", async () => {
  await bury(JSON.stringify(scoreEvent("ann", 5, 1)));
  await it.redis.lpush(it.keys.queue, JSON.stringify(scoreEvent("ann", 9, 2)));
  await drain();
  await retryDead(it.redis, it.keys);
  expect(await drain()).toMatchObject({ events: 1, rows: 0, refused: 0 });
  expect(await readBoard(it.database)).toMatchObject([{ score: "9" }]);
});

test("retried events go to the old end of the queue, in their order", async () => {
  await bury(...ids(3));
  await it.redis.lpush(it.keys.queue, "waiting");
  await retryDead(it.redis, it.keys);
  expect(await queued()).toEqual([...ids(3), "waiting"]);
});

test("an event kept in base64 is put back byte for byte", async () => {
  const raw = Buffer.from([0x7b, 0xff, 0x00, 0xfe]);
  await bury(raw);
  await retryDead(it.redis, it.keys);
  expect(await it.redis.lindexBuffer(it.keys.queue, 0)).toEqual(raw);
});

test("each dead event is retried once, over several pages, even if it is refused again meanwhile", async () => {
  await bury(...ids(250));
  const { redis } = it;
  const refusing = connectRedis({ url: it.redisUrl, name: "refusing", log: createLog("test", "silent") });
  await awaitReady(refusing, 5_000);
  // Each event is refused again at once, as by a very fast drainer.
  for (const server of primariesOf(refusing)) {
    const evalsha = server.evalsha.bind(server);
    server.evalsha = (async (...args: Parameters<typeof evalsha>) => {
      const reply = await evalsha(...args);
      const batch = await peekList(redis, it.keys.queue, { count: 1_000 });
      const refused = batch.map((raw) => ({ raw, reason: "again" }));
      if (batch.length > 0) await trimQueue(redis, it.keys, batch, refused, at);
      return reply;
    }) as typeof server.evalsha;
  }
  expect(await retryDead(refusing, it.keys)).toEqual({ retried: 250, unreadable: 0 });
  refusing.disconnect();
  const dead = await gather(readDead(it.redis, it.keys));
  expect(dead.map(({ reason }) => reason)).toEqual(Array(250).fill("again"));
  expect(new Set(dead.map(({ raw }) => `${raw}`)).size).toBe(250);
});

test("an element without an event stays dead, and the others are retried", async () => {
  await it.redis.lpush(it.keys.dead, "by hand", "{}", '{"at":"","reason":"","event_base64":"?"}');
  await bury(...ids(120));
  expect(await retryDead(it.redis, it.keys)).toEqual({ retried: 120, unreadable: 3 });
  expect(await it.redis.llen(it.keys.dead)).toBe(3);
  expect(await queued()).toHaveLength(120);
});

test("two concurrent retries put each event back once", async () => {
  await bury(...ids(250));
  const counts = await Promise.all([retryDead(it.redis, it.keys), retryDead(it.redis, it.keys)]);
  expect(counts.reduce((sum, { retried }) => sum + retried, 0)).toBe(250);
  expect((await queued()).sort()).toEqual(ids(250).sort());
});

test("a batch peeked before a retry is not trimmed after it, so nothing is lost", async () => {
  await it.redis.lpush(it.keys.queue, "one", "two");
  const batch = await peekList(it.redis, it.keys.queue, { count: 2 });
  await bury("dead");
  await retryDead(it.redis, it.keys);
  expect(await trimQueue(it.redis, it.keys, batch, [], at)).toBe(false);
  expect(await queued()).toEqual(["dead", "one", "two"]);
});

test("a drop deletes and returns the dead events; events that die meanwhile stay", async () => {
  await bury(...ids(150));
  const dropped: string[] = [];
  for await (const page of dropDead(it.redis, it.keys)) {
    if (dropped.length === 0) await bury("late");
    dropped.push(...page.map(({ raw }) => `${raw}`));
  }
  expect(dropped).toEqual(ids(150));
  expect(
    (await it.redis.lrangeBuffer(it.keys.dead, 0, -1)).map((element) => `${readDeadElement(element).raw}`),
  ).toEqual(["late"]);
});

test("an event that another caller retried first is not returned as dropped", async () => {
  await bury(...ids(2));
  const pages = dropDead(it.redis, it.keys);
  for (const server of primariesOf(it.redis)) {
    const evalsha = server.evalsha.bind(server);
    server.evalsha = (async (...args: Parameters<typeof evalsha>) => {
      server.evalsha = evalsha;
      await it.redis.rpop(it.keys.dead);
      return evalsha(...args);
    }) as typeof evalsha;
  }
  expect((await gather(pages)).map(({ raw }) => `${raw}`)).toEqual(["event 1"]);
});

test("retry and drop work while Redis is out of memory", async () => {
  await bury(...ids(2));
  await configure(it.redis, "maxmemory", "1");
  try {
    expect(await retryDead(it.redis, it.keys)).toEqual({ retried: 2, unreadable: 0 });
    const batch = await peekList(it.redis, it.keys.queue, { count: 2 });
    await trimQueue(it.redis, it.keys, batch, [{ raw: Buffer.from("x"), reason: "r" }], at);
    expect(await gather(dropDead(it.redis, it.keys))).toHaveLength(1);
  } finally {
    await configure(it.redis, "maxmemory", "0");
  }
});

test("a wrong type at either key moves nothing", async () => {
  await bury(...ids(2));
  await it.redis.set(it.keys.queue, "not a list");
  await expect(retryDead(it.redis, it.keys)).rejects.toThrow("WRONGTYPE");
  expect(await it.redis.llen(it.keys.dead)).toBe(2);
});
