import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { ScoreEvent } from "shared/model/events";
import type { Database } from "shared/postgres/database";
import {
  pushEvents,
  readBoard,
  scoreDrain,
  scoreEvent,
  startUnderTest,
  type UnderTest,
} from "../../test/drainer-under-test.ts";
import { unshared } from "../leases/lease.ts";
import { accountQueue } from "../queues/queues.ts";
import { accountEvents } from "../rows/upsert-accounts.ts";
import { scoreEvents } from "../rows/upsert-scores.ts";
import { createDrain, type Drain, type DrainOptions } from "./drain.ts";
import type { EventKind } from "./event-kind.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const BATCH_MAX = 2;
const EIGHT = ["ann", "bob", "cid", "dan", "p5", "p6", "p7", "p8"];
const newDrain = (options: Partial<DrainOptions<ScoreEvent>> = {}) =>
  scoreDrain(it, { batchMax: BATCH_MAX, ...options });
const push = (...events: unknown[]) => pushEvents(it, ...events);
const waiting = () => it.redis.llen(it.keys.queue);
/** Events of these players in turn, each with its place as score and version. */
const eventsBy = (...players: string[]) => players.map((player, n) => scoreEvent(player, n + 1, n + 1));
const scores = async () => Object.fromEntries((await readBoard(it.database)).map((row) => [row.user_id, row.score]));
async function drainAll(drain: Drain): Promise<number[]> {
  const sizes: number[] = [];
  for (let step = await drain(); step.state === "drained"; step = await drain()) sizes.push(step.events);
  return sizes;
}

/** A database that hands each use to `use`, which may wait or throw before and after it. */
function around(use: (number: number, work: () => Promise<void>) => Promise<void>): Database {
  let uses = 0;
  return {
    ...it.database,
    async run(work) {
      const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof work>>>();
      await use(++uses, async () => resolve(await it.database.run(work)));
      return promise;
    },
  };
}

test("settings of a batch that is read ahead are written, beside accounts and alone", async () => {
  const setting = (n: number) => ({ updated_at: String(n), setting: "boards", id: `b-${n}`, value: { n } });
  const account = (n: number) => ({
    created_at: String(n),
    updated_at: String(n),
    user_id: `p-${n}`,
    name: "Ada",
    region: "EU",
    password_hash: "",
  });
  const events = Array.from({ length: 20 }, (_, n) => (n % 4 === 1 ? account(n + 1) : setting(n + 1)));
  await it.redis.lpush(accountQueue.queue, ...events.map((event) => JSON.stringify(event)));
  const { redis, database } = it;
  const source = { redis, database, keys: accountQueue, kind: accountEvents, batchMax: BATCH_MAX };
  await drainAll(createDrain({ ...source, lease: unshared }));
  const ids = await database.run(
    (sql) => sql<{ id: string }[]>`SELECT id FROM settings UNION ALL SELECT user_id FROM accounts`,
  );
  const expected = events.map((event) => ("id" in event ? event.id : event.user_id));
  expect(ids.map(({ id }) => id).toSorted()).toEqual(expected.toSorted());
});

/** Score events, and a promise that resolves when the statement of a batch is prepared. */
function watchedKind(number: number): { kind: EventKind<ScoreEvent>; isMade: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const kind = scoreEvents;
  let made = 0;
  const upsert: typeof kind.upsert = (events) => {
    if (++made === number) resolve();
    return kind.upsert(events);
  };
  return { kind: { ...kind, upsert }, isMade: promise };
}

test("two batches without a common player are written at the same time, and leave the queue in order", async () => {
  await push(...eventsBy("ann", "bob", "cid", "dan"));
  const second = Promise.withResolvers<void>();
  const database = around(async (number, work) => {
    if (number === 1) await second.promise;
    await work();
    if (number === 2) {
      expect(await waiting()).toBe(4);
      second.resolve();
    }
  });
  const drain = newDrain({ database });
  expect(await drain()).toMatchObject({ events: 2, rows: 2, isTrimmed: true });
  expect(await waiting()).toBe(2);
  expect(await drain()).toMatchObject({ events: 2, rows: 2, isTrimmed: true });
  expect(await scores()).toEqual({ ann: "1", bob: "2", cid: "3", dan: "4" });
});

test("a batch with few players in common with the batch before waits with those players only", async () => {
  await push(...eventsBy(...EIGHT, "eve", "bob", "fay", "gus", "hal", "ida", "jan", "kim"));
  const order: string[] = [];
  const apart = Promise.withResolvers<void>();
  const database = around(async (number, work) => {
    order.push(`${number} begins`);
    if (number === 1) await apart.promise;
    await work();
    order.push(`${number} ends`);
    if (number === 2) {
      expect(Object.keys(await scores()).sort()).toEqual(["eve", "fay", "gus", "hal", "ida", "jan", "kim"]);
      apart.resolve();
    }
  });
  const drain = newDrain({ database, batchMax: 8 });
  expect(await drain()).toMatchObject({ events: 8, rows: 8, isTrimmed: true });
  expect(await drain()).toMatchObject({ events: 8, rows: 8, isTrimmed: true });
  expect(order).toEqual(["1 begins", "2 begins", "2 ends", "1 ends", "3 begins", "3 ends"]);
  expect(await scores()).toMatchObject({ ann: "1", bob: "10", cid: "3", kim: "16" });
});

test("poison in either part of a split batch is dead once, and the event before it is written", async () => {
  const events = eventsBy(...EIGHT, "p9", "p10", "eve", "bob", "eve", "bob", "fay", "gus", "hal", "ida", "jan", "kim");
  await push(...events.map((event, n) => (n === 12 || n === 13 ? { ...event, region: "E\u0000U" } : event)));
  const drain = newDrain({ batchMax: 10 });
  await drain();
  expect(await drain()).toMatchObject({ events: 10, rows: 8, refused: 2, isTrimmed: true });
  expect(await scores()).toMatchObject({ eve: "11", bob: "12", fay: "15", kim: "20" });
  expect(await it.redis.llen(it.keys.dead)).toBe(2);
});

test("a batch with half of its players in common waits for the batch before", async () => {
  await push(...eventsBy("ann", "bob", "cid", "bob", "bob", "dan", "bob", "fay"));
  let running = 0;
  const database = around(async (_, work) => {
    expect(++running).toBe(1);
    await work();
    running--;
  });
  await drainAll(newDrain({ database }));
  expect(await scores()).toMatchObject({ bob: "7", fay: "8" });
});

test("batches with the same players on different boards are written at the same time", async () => {
  const [a, b, ...others] = eventsBy("ann", "bob", "ann", "bob");
  await push(a, b, ...others.map((event) => ({ ...event, board: "weekly" })));
  const second = Promise.withResolvers<void>();
  const database = around(async (number, work) => {
    if (number === 2) second.resolve();
    await second.promise;
    await work();
  });
  expect(await drainAll(newDrain({ database }))).toEqual([2, 2]);
});

test("a waiting batch of few players grows to eight reads", async () => {
  await push(...eventsBy(...Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? "ann" : "bob"))));
  const { kind, isMade } = watchedKind(2);
  const database = around(async (number, work) => {
    if (number === 1) await isMade;
    await work();
  });
  const drain = newDrain({ database, kind });
  expect(await drain()).toMatchObject({ events: 2, rows: 2 });
  expect(await drain()).toMatchObject({ events: 16, rows: 2, isTrimmed: true, isFull: true });
  await drainAll(drain);
  expect(await scores()).toEqual({ ann: "39", bob: "40" });
});

test("a waiting batch grows no further than the rows of two reads", async () => {
  await push(...eventsBy("ann", "bob", "ann", "p1", "p2", "p3", "p4", "p5", "p6", "p7"));
  const { kind, isMade } = watchedKind(2);
  const database = around(async (number, work) => {
    if (number === 1) await isMade;
    await work();
  });
  const drain = newDrain({ database, kind });
  await drain();
  expect(await drain()).toMatchObject({ events: 4, rows: 4 });
  await drainAll(drain);
  expect(Object.keys(await scores())).toHaveLength(9);
});

test("a failed batch and the batch written beside it stay queued, and are repeated in order", async () => {
  await push(...eventsBy("ann", "bob", "cid", "dan"));
  const database = around(async (number, work) => {
    if (number === 1) throw new Error("PostgreSQL is away");
    await work();
  });
  const drain = newDrain({ database });
  await expect(drain()).rejects.toThrow("PostgreSQL is away");
  expect(await waiting()).toBe(4);
  expect(await drain()).toMatchObject({ events: 2, rows: 2, isTrimmed: true });
  expect(await drain()).toMatchObject({ events: 2, rows: 0, isTrimmed: true });
  expect(await scores()).toEqual({ ann: "1", bob: "2", cid: "3", dan: "4" });
});

test("an erasure is never written beside another batch, and the player is gone with either batch", async () => {
  const erasure = { erased: true, updated_at: "2", user_id: "ann", region: "EU" };
  const [ann, , cid, dan, newerCid, newerDan] = eventsBy("ann", "-", "cid", "dan", "cid", "dan");
  let running = 0;
  const database = around(async (_, work) => {
    expect(++running).toBe(1);
    await work();
    running--;
  });
  for (const order of [
    [cid, ann, erasure, dan],
    [ann, erasure, cid, dan, newerCid, newerDan],
  ]) {
    await it.clear();
    await push(...order);
    await drainAll(newDrain({ database }));
    expect(await scores()).toEqual(order.length > 4 ? { cid: "5", dan: "6" } : { cid: "3", dan: "4" });
  }
});

test("a failover during the growth of a batch skips no event", async () => {
  const events = eventsBy("ann", "ann", "ann", "ann", "only", "ann", "ann", "ann");
  await push(...events);
  let reads = 0;
  // Another drainer trims the first batch; then a lagging replica takes over, which still has it.
  const lrangeBuffer = async (...args: [key: string, start: number, stop: number]) => {
    if (++reads !== 3) return it.redis.lrangeBuffer(...args);
    const trimmed = (await it.redis.rpop(it.keys.queue, BATCH_MAX)) ?? [];
    const read = await it.redis.lrangeBuffer(...args);
    await it.redis.rpush(it.keys.queue, ...trimmed.reverse());
    return read;
  };
  const redis = new Proxy(it.redis, {
    get: (target, name) => (name === "lrangeBuffer" ? lrangeBuffer : Reflect.get(target, name, target)),
  });
  const { kind, isMade } = watchedKind(2);
  const database = around(async (number, work) => {
    if (number === 1) await isMade;
    await work();
  });
  await drainAll(newDrain({ redis, database, kind }));
  expect(reads).toBeGreaterThan(3);
  expect(await scores()).toEqual({ ann: "8", only: "5" });
});

const killed = "a drainer killed at any place loses nothing: PostgreSQL and the dead list end the same";
test.each([[2], [8], [11]])(
  `${killed} (%d events a read)`,
  async (batchMax) => {
    const erasure = { erased: true, updated_at: "20", user_id: "p3", region: "EU" };
    // Batches that have none, few and all of their players in common.
    const players = Array.from({ length: 40 }, (_, n) => `p${n < 28 ? (n % 8 === 7 ? 3 : n) : n % 3}`);
    const events: unknown[] = eventsBy(...players);
    events.splice(24, 0, erasure, "not JSON", scoreEvent("p1", 99, 99, { region: "E\u0000U" }));
    const end = async () => ({ board: await readBoard(it.database), dead: await it.redis.llen(it.keys.dead) });
    await push(...events);
    await drainAll(newDrain({ batchMax: 100 }));
    const expected = await end();

    /**
     * Drains until the given place, where the drainer dies.
     *
     * @returns whether it died
     */
    async function dies(place: number): Promise<boolean> {
      let passed = 0;
      const pass = () => {
        if (++passed >= place) throw new Error("the process ended here");
      };
      const writes: Promise<void>[] = [];
      const database = around(async (_, work) => {
        pass();
        const written = work();
        writes.push(written);
        await written;
        pass();
      });
      const now = () => {
        pass();
        return new Date(0);
      };
      const hold = async () => {
        pass();
        return true;
      };
      const drain = newDrain({ database, batchMax, now, lease: { hold, release: async () => {} } });
      const hasDied = await drainAll(drain).then(
        () => false,
        () => true,
      );
      await Promise.allSettled(writes);
      return hasDied;
    }
    let place = 1;
    for (let hasDied = true; hasDied; place++) {
      await it.clear();
      await push(...events);
      hasDied = await dies(place);
      await drainAll(newDrain({ batchMax }));
      expect(await end()).toEqual(expected);
      expect(await waiting()).toBe(0);
    }
    expect(place).toBeGreaterThan(10);
  },
  60_000,
);
