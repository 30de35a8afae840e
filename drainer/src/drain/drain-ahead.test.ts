import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Database } from "shared/postgres/database";
import {
  pushEvents,
  readBoard,
  scoreDrain,
  scoreEvent,
  startUnderTest,
  type UnderTest,
} from "../../test/drainer-under-test.ts";
import { peekList } from "../queues/peek-list.ts";
import { trimQueue } from "../queues/trim-queue.ts";
import type { Drain, DrainOptions } from "./drain.ts";

type Event = ReturnType<typeof scoreEvent>;

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const BATCH_MAX = 2;
const newDrain = (options: Partial<DrainOptions<Event>> = {}) => scoreDrain(it, { batchMax: BATCH_MAX, ...options });
const push = (...events: unknown[]) => pushEvents(it, ...events);
/** Events of as many players, one each. */
const eventsOf = (count: number) => Array.from({ length: count }, (_, n) => scoreEvent(`p${n}`, n, n + 1));
const waiting = () => it.redis.llen(it.keys.queue);
const deadCount = () => it.redis.llen(it.keys.dead);
const players = async () => (await readBoard(it.database)).map(({ user_id }) => user_id).sort();
async function drainAll(drain: Drain) {
  let rows = 0;
  for (;;) {
    const step = await drain();
    if (step.state !== "drained") return { last: step.state, rows };
    rows += step.rows;
  }
}

/** A database that counts its uses, and throws where `fail` says so. */
function watched(fail: (use: number) => boolean = () => false) {
  const counts = { begun: 0, ended: 0 };
  const database: Database = {
    ...it.database,
    async run(work) {
      const use = ++counts.begun;
      try {
        if (fail(use)) throw new Error("PostgreSQL is away");
        return await it.database.run(work);
      } finally {
        counts.ended++;
      }
    },
  };
  return { database, counts };
}

test("each batch is written once, and at most one batch is ahead", async () => {
  await push(...eventsOf(7));
  const { database, counts } = watched();
  const drain = newDrain({ database });
  const begun: number[] = [];
  for (let step = await drain(); step.state === "drained"; step = await drain()) {
    expect(step).toMatchObject({ rows: step.events, refused: 0, isTrimmed: true });
    begun.push(counts.begun);
  }
  expect(begun).toEqual([2, 3, 3, 4]);
  expect(await players()).toEqual(["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
});

test("a drainer killed before the acknowledgement, with the next batch written, loses and repeats nothing", async () => {
  const events = eventsOf(5);
  await push(...events);
  const { database, counts } = watched();
  const dies = () => {
    throw new Error("the process ended here");
  };
  await expect(newDrain({ database, now: dies })()).rejects.toThrow("ended here");
  while (counts.ended < 2) await waiting();
  expect(await players()).toEqual(["p0", "p1", "p2", "p3"]);
  expect(await waiting()).toBe(5);
  expect(await drainAll(newDrain())).toEqual({ last: "empty", rows: 1 });
  const expected = events.map(({ user_id, score, updated_at }) => ({ user_id, score, updated_us: updated_at }));
  expect(await readBoard(it.database)).toEqual(expected.reverse());
  expect(await deadCount()).toBe(0);
});

test("after a failed acknowledgement the next step repeats the batch, and changes nothing", async () => {
  await push(...eventsOf(4));
  let isBroken = true;
  const now = () => {
    if (isBroken) throw new Error("no acknowledgement");
    return new Date(0);
  };
  const drain = newDrain({ now });
  await expect(drain()).rejects.toThrow("no acknowledgement");
  isBroken = false;
  expect(await drain()).toMatchObject({ events: 2, rows: 0, isTrimmed: true });
  expect(await drain()).toMatchObject({ events: 2, rows: 0, isTrimmed: true });
  expect(await drain()).toEqual({ state: "empty" });
});

test("a drainer does not trim the batch ahead when a second drainer has trimmed it", async () => {
  await push(...eventsOf(5));
  const first = newDrain();
  await first();
  await newDrain()();
  await push(scoreEvent("p5", 5, 6));
  expect(await first()).toMatchObject({ events: 2, isTrimmed: false });
  expect(await waiting()).toBe(2);
  expect(await drainAll(first)).toEqual({ last: "empty", rows: 2 });
  expect(await players()).toEqual(["p0", "p1", "p2", "p3", "p4", "p5"]);
});

test("the batch ahead is given up when another drainer has trimmed the batch before, and no event is skipped", async () => {
  await push(...eventsOf(8));
  const first = newDrain();
  await first();
  await trimQueue(it.redis, it.keys, await peekList(it.redis, it.keys.queue, { count: BATCH_MAX }), [], new Date(0));
  expect(await first()).toMatchObject({ events: 2, isTrimmed: false }); // has peeked at the last two meanwhile
  expect(await waiting()).toBe(4);
  expect(await first()).toMatchObject({ events: 2, rows: 2, isTrimmed: true });
  expect(await first()).toMatchObject({ events: 2, rows: 0, isTrimmed: true });
  expect(await first()).toEqual({ state: "empty" });
  expect(await players()).toHaveLength(8);
});

test("the batch ahead is given up with the lease", async () => {
  await push(...eventsOf(4));
  let isHeld = true;
  const first = newDrain({ lease: { hold: async () => isHeld, release: async () => {} } });
  await first();
  isHeld = false;
  expect(await first()).toEqual({ state: "held_elsewhere" });
  await drainAll(newDrain());
  isHeld = true;
  expect(await first()).toEqual({ state: "empty" });
});

test("an event that arrives while a batch is ahead is drained", async () => {
  await push(...eventsOf(5));
  const drain = newDrain();
  await drain();
  await push(scoreEvent("p2", 20, 100), scoreEvent("late", 7, 101));
  await drainAll(drain);
  expect(await readBoard(it.database)).toContainEqual({ user_id: "p2", score: "20", updated_us: "100" });
  expect(await players()).toEqual(["late", "p0", "p1", "p2", "p3", "p4"]);
});

test("poison in the batch ahead is dead with that batch, once, and the events around it are written", async () => {
  const [a, b, c, d, e] = eventsOf(5);
  await push(a, b, { ...c, region: "E\u0000U" }, d, "not JSON", e);
  const drain = newDrain();
  expect(await drain()).toMatchObject({ refused: 0, isTrimmed: true });
  expect(await deadCount()).toBe(0);
  expect(await drain()).toMatchObject({ rows: 1, refused: 1, isTrimmed: true });
  expect(await drain()).toMatchObject({ rows: 1, refused: 1, isTrimmed: true });
  expect(await deadCount()).toBe(2);
  expect(await players()).toEqual(["p0", "p1", "p3", "p4"]);
});

test("a batch that failed ahead fails again in its own step, and its events stay queued", async () => {
  await push(...eventsOf(4));
  const { database } = watched((use) => use === 2);
  const drain = newDrain({ database });
  expect(await drain()).toMatchObject({ events: 2, isTrimmed: true });
  await expect(drain()).rejects.toThrow("PostgreSQL is away");
  expect(await waiting()).toBe(2);
  expect(await drain()).toMatchObject({ events: 2, rows: 2, isTrimmed: true });
});

test("an erasure in the batch ahead deletes older rows and dead events, and leaves newer rows", async () => {
  const erasure = { erased: true, updated_at: "3", user_id: "ann", region: "EU" };
  await push(scoreEvent("ann", 1, 1), scoreEvent("ann", 2, 2, { region: "\u0000" }), erasure, scoreEvent("bob", 4, 4));
  await push(scoreEvent("ann", 5, 5), scoreEvent("ann", 6, 6, { board: "weekly" }));
  const drain = newDrain();
  await drain();
  expect(await deadCount()).toBe(1);
  await drainAll(drain);
  expect(await deadCount()).toBe(0);
  expect(await readBoard(it.database)).toMatchObject([{ user_id: "ann", score: "5" }, { user_id: "bob" }]);
  expect(await readBoard(it.database, "weekly")).toMatchObject([{ user_id: "ann", score: "6" }]);
});
