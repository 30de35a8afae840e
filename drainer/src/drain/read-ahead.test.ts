import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { pushEvents, scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { scoreEvents } from "../rows/upsert-scores.ts";
import { BATCH_BYTES_MAX } from "./event-batch.ts";
import { growBatch, readBatch } from "./read-ahead.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const MIB = 1024 * 1024;

test("a batch grows no further than its bound of bytes", async () => {
  const { redis, keys } = it;
  const source = { redis, keys, kind: scoreEvents, batchMax: 2 };
  const foreign = Array.from({ length: 12 }, (_, n) => `${n} ${"x".repeat(0.6 * MIB)}`);
  // One by one: a busy machine may take longer for all of them than a command has.
  for (const event of foreign) await pushEvents(it, event);
  const batch = await readBatch(source, undefined, 0);
  await growBatch(source, batch, 0, () => false);
  const bytes = batch.raws.reduce((sum, { length }) => sum + length, 0);
  expect(batch.raws.length).toBeGreaterThan(source.batchMax);
  expect(bytes).toBeLessThanOrEqual(BATCH_BYTES_MAX);
});

test("a batch keeps the parsed newest event of each row, and the bytes of all events", async () => {
  const { redis, keys } = it;
  await pushEvents(it, scoreEvent("ann", 1, 1), scoreEvent("bob", 2, 2), scoreEvent("ann", 3, 3));
  const batch = await readBatch({ redis, keys, kind: scoreEvents, batchMax: 10 }, undefined, 0);
  expect(batch.raws).toHaveLength(3);
  expect([...batch.newest.values()]).toMatchObject([
    { user_id: "ann", score: "3" },
    { user_id: "bob", score: "2" },
  ]);
  expect(batch.eventsOf(new Set(["main\nann"]))).toMatchObject([{ score: "1" }, { score: "3" }]);
});
