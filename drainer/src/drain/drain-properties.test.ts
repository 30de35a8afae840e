import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import type { ScoreEvent } from "shared/model/events";
import { type Database, openDatabase } from "shared/postgres/database";
import { pushEvents, scoreDrain, scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { peekList } from "../queues/peek-list.ts";
import { trimQueue } from "../queues/trim-queue.ts";
import { type EntryRow, readEntries } from "../rows/read-entries.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { fold } from "./fold.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const BOARDS = ["main", "weekly"];
const keyOf = ({ board, user_id }: ScoreEvent) => `${board}\n${user_id}`;
const newDrain = (database: Database, batchMax: number) => scoreDrain(it, { database, batchMax });
const readAll = async (): Promise<EntryRow[]> => (await Array.fromAsync(readEntries(it.database))).flat();
const push = (events: readonly ScoreEvent[]) => pushEvents(it, ...events);

/** What PostgreSQL must end with: the newest event of each player and board. */
const folded = (events: readonly ScoreEvent[]): EntryRow[] =>
  fold(events, keyOf).map((event) => ({ ...NOTHING_MORE, ...event }));
const NOTHING_MORE = { sort_key: null, sub: null, sub_key: null, attempts: null, metadata: null };

/**
 * An action on the queue or on one of two drainers. A drainer skips an action that it is not ready
 * for.
 */
type Action =
  | { do: "push"; count: number }
  | { do: "replay"; count: number }
  | { do: "fail over"; count: number }
  | { do: "peek"; drainer: number; count: number }
  | { do: "upsert"; drainer: number }
  | { do: "trim"; drainer: number }
  | { do: "crash"; drainer: number };

const drainer = fc.constantFrom(0, 1);
const count = fc.integer({ min: 1, max: 6 });
const actionOf: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("push" as const), count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("replay" as const), count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail over" as const), count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("peek" as const), drainer, count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("upsert" as const), drainer }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("trim" as const), drainer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), drainer }) },
);
/** Events of some players on two boards, their versions in any order, each once. */
const eventsOf = fc
  .uniqueArray(fc.integer({ min: 1, max: 9_999 }), { minLength: 150, maxLength: 150 })
  .chain((versions) =>
    fc.tuple(
      ...versions.map((version) =>
        fc
          .tuple(fc.constantFrom(...BOARDS), fc.integer({ min: 1, max: 30 }), fc.integer({ min: -9, max: 9 }))
          .map(([board, n, score]) => scoreEvent(`p${n}`, score, version, { board })),
      ),
    ),
  );

/**
 * Plays two drainers that crash and go on at any action, on a queue that may turn into an older
 * copy (it begins earlier) or into a lagging replica (it lost its newest events).
 *
 * @returns the events that must be in PostgreSQL when the queue is empty
 */
async function play(events: readonly ScoreEvent[], actions: readonly Action[]): Promise<ScoreEvent[]> {
  const { redis, keys, database } = it;
  const unused = [...events];
  const history: ScoreEvent[] = [];
  const written: ScoreEvent[] = [];
  const working: ({ batch: Buffer[]; isWritten: boolean } | undefined)[] = [undefined, undefined];
  for (const action of actions) {
    if (action.do === "push") {
      const next = unused.splice(0, action.count);
      if (next.length > 0) await push(next);
      history.push(...next);
    } else if (action.do === "replay") {
      const tail = history.length - (await redis.llen(keys.queue));
      const again = history.slice(Math.max(0, tail - action.count), tail).reverse();
      if (again.length > 0) await redis.rpush(keys.queue, ...again.map((event) => JSON.stringify(event)));
    } else if (action.do === "fail over") {
      const lost = (await redis.lpop(keys.queue, action.count)) ?? [];
      history.splice(history.length - lost.length);
    } else if (action.do === "peek") {
      const batch = await peekList(redis, keys.queue, { count: action.count });
      if (batch.length > 0) working[action.drainer] = { batch, isWritten: false };
    } else if (action.do === "crash") {
      working[action.drainer] = undefined;
    } else {
      const work = working[action.drainer];
      if (work === undefined) continue;
      if (action.do === "upsert") {
        const parsed = work.batch.map((raw): ScoreEvent => JSON.parse(raw.toString()));
        await database.run((sql) => upsertScores(sql, folded(parsed)));
        written.push(...parsed);
        work.isWritten = true;
      } else if (work.isWritten) {
        await trimQueue(redis, keys, work.batch, [], new Date(0));
        working[action.drainer] = undefined;
      }
    }
  }
  return [...history, ...written];
}

test("PostgreSQL ends with the newest event of each row, however batches are repeated, reordered or cut off", async () => {
  const actionsOf = fc.array(actionOf, { minLength: 60, maxLength: 120, size: "max" });
  await fc.assert(
    fc.asyncProperty(eventsOf, actionsOf, async (events, actions) => {
      await it.clear();
      const expected = await play(events, actions);
      const drain = newDrain(it.database, 7);
      while ((await drain()).state === "drained");
      expect(await readAll()).toEqual(folded(expected));
      expect(await it.redis.exists(it.keys.queue, it.keys.dead)).toBe(0);
    }),
    { numRuns: 40, interruptAfterTimeLimit: 15_000 },
  );
}, 30_000);

test("four drainers with overlapping batches of one queue cause no deadlock and lose nothing", async () => {
  const databases = Array.from({ length: 4 }, () => openDatabase(it.postgresUrl, { connectionsMax: 2 }));
  const drains = databases.map((database, n) => newDrain(database, [7, 40, 90, 200][n] ?? 1));
  const all: ScoreEvent[] = [];
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  try {
    for (let round = 0; round < 25; round++) {
      const events = Array.from({ length: 300 }, (_, n) => {
        const userId = `player-${random(60)}`;
        return scoreEvent(userId, random(1_000), all.length + n + random(1_000_000) * 10_000, {
          board: BOARDS[random(2)] ?? "main",
        });
      });
      all.push(...events);
      let isPushed = false;
      const pushing = (async () => {
        for (let i = 0; i < events.length; i += 25) await push(events.slice(i, i + 25));
        isPushed = true;
      })();
      const working = drains.map(async (drain) => {
        // A deadlock, or a row met twice in one statement, would be thrown here.
        while ((await drain()).state === "drained" || !isPushed);
      });
      await Promise.all([pushing, ...working]);
    }
  } finally {
    await Promise.all(databases.map((database) => database.close()));
  }
  expect(await readAll()).toEqual(folded(all));
  expect(await it.redis.exists(it.keys.queue, it.keys.dead)).toBe(0);
}, 30_000);
