import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { toDeadElement } from "shared/model/dead-element";
import {
  pushEvents,
  readBoard,
  scoreDrain,
  scoreEvent,
  startUnderTest,
  type UnderTest,
} from "../../test/drainer-under-test.ts";
import { dropDead, dropDeadWhere, readDead, retryDead } from "../dead/dead-events.ts";
import { PEEK_BYTES_MAX, peekList } from "./peek-list.ts";
import { list } from "./queue-status.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const KEY = "list:{EU}";
const MIB = 1024 * 1024;
const push = (...elements: (string | Buffer)[]) => it.redis.lpush(KEY, ...elements);
const bytesOf = (elements: readonly Buffer[]) => elements.reduce((sum, { length }) => sum + length, 0);
/** A foreign event of 1.5 MiB. */
const large = (n: number) => `${n} ${"x".repeat(1.5 * MIB)}`;

test.each([
  [0, 0, 10],
  [1, 0, 10],
  [40, 0, 10],
  [40, 0, 16],
  [40, 0, 40],
  [40, 0, 1_000],
  [40, 7, 20],
  [40, 35, 20],
  [40, 40, 20],
  [40, 50, 1],
])("of a list of %d it has, behind %d, up to %d, oldest first", async (length, behind, count) => {
  const all = Array.from({ length }, (_, n) => `element ${n}`);
  if (length > 0) await push(...all);
  expect((await peekList(it.redis, KEY, { count, behind })).map(String)).toEqual(all.slice(behind, behind + count));
});

test("elements arrive byte for byte, even when they are not text", async () => {
  const element = Buffer.from([0, 0xff, 0xfe, 0x0a, 0x80]);
  await push(element, "");
  expect(await peekList(it.redis, KEY, { count: 10 })).toEqual([element, Buffer.alloc(0)]);
});

test("a peek stops at its bound of bytes, and returns a larger element alone", async () => {
  await push("a", large(1), large(2), large(3), "b", "x".repeat(2 * PEEK_BYTES_MAX), "c");
  const lengths: number[] = [];
  for (let behind = 0; behind < 7; ) {
    const peeked = await peekList(it.redis, KEY, { count: 100, behind });
    expect(peeked.length === 1 || bytesOf(peeked) <= PEEK_BYTES_MAX).toBe(true);
    lengths.push(peeked.length);
    behind += peeked.length;
  }
  expect(lengths).toEqual([3, 2, 1, 1]);
});

test("a queue of large foreign events is drained in batches of bounded bytes, and the valid events are written", async () => {
  for (let n = 0; n < 9; n++) await pushEvents(it, large(n), scoreEvent(`p${n}`, n, n + 1));
  const sizes: number[] = [];
  const drain = scoreDrain(it);
  for (let step = await drain(); step.state === "drained"; step = await drain()) sizes.push(step.events);
  expect(sizes).toEqual([4, 4, 4, 4, 2]);
  expect(await readBoard(it.database)).toHaveLength(9);
  expect(await it.redis.llen(it.keys.dead)).toBe(9);
});

test("pages of dead events are bounded in bytes when they are read, retried and dropped", async () => {
  const bury = async () => {
    for (let n = 0; n < 7; n++) {
      await it.redis.lpush(it.keys.dead, toDeadElement({ raw: Buffer.from(large(n)), reason: "test" }, new Date(0)));
    }
  };
  await bury();
  const sizes: number[] = [];
  for await (const page of readDead(it.redis, it.keys)) sizes.push(page.length);
  expect(sizes).toEqual([2, 2, 2, 1]);
  expect(await list(it.redis, it.keys.dead)).toMatchObject({ length: 7, oldest: { length: 2 } });
  await dropDeadWhere(it.redis, it.keys, (raw) => /^[135] /.test(raw.toString("latin1", 0, 2)));
  expect(await it.redis.llen(it.keys.dead)).toBe(4);
  const pages: number[] = [];
  expect(await retryDead(it.redis, it.keys, ({ retried }) => pages.push(retried))).toEqual({
    retried: 4,
    unreadable: 0,
  });
  expect(pages).toEqual([2, 4]);
  const queued = await Array.fromAsync(
    [0, 1, 2, 3],
    async (n) => (await peekList(it.redis, it.keys.queue, { count: 1, behind: n }))[0],
  );
  expect(queued.map((event) => event?.toString("latin1", 0, 2)).sort()).toEqual(["0 ", "2 ", "4 ", "6 "]);
  await bury();
  const dropped: number[] = [];
  for await (const page of dropDead(it.redis, it.keys)) dropped.push(page.length);
  expect(dropped).toEqual([2, 2, 2, 1]);
});
