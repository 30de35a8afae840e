import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { toDeadElement } from "shared/model/dead-element";
import type { ScoreEvent } from "shared/model/events";
import {
  pushEvents,
  readBoard,
  scoreDrain,
  scoreEvent,
  startUnderTest,
  type UnderTest,
} from "../../test/drainer-under-test.ts";
import { retryDead } from "../dead/dead-events.ts";
import { createDrain } from "../drain/drain.ts";
import { unshared } from "../leases/lease.ts";
import { accountQueue } from "../queues/queues.ts";
import { accountEvents, upsertAccounts } from "./upsert-accounts.ts";
import { overwriteScores, upsertScores } from "./upsert-scores.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const drain = () => scoreDrain(it)();
const push = (...events: unknown[]) => pushEvents(it, ...events);
const erasure = (user_id: string, version: number, region: string | undefined = "EU") => ({
  erased: true,
  user_id,
  updated_at: String(version),
  region,
});
const scores = async (board?: string) =>
  (await readBoard(it.database, board)).map((row) => `${row.user_id} ${row.score}`);
const write = (...events: ScoreEvent[]) => it.database.run((sql) => upsertScores(sql, events));
const dead = () => it.redis.llen(it.keys.dead);
const die = (event: unknown) =>
  it.redis.lpush(it.keys.dead, toDeadElement({ raw: Buffer.from(JSON.stringify(event)), reason: "test" }, new Date(0)));

test("an erasure deletes the player's older rows on all boards, and no other row, wherever it stands in a batch", async () => {
  for (const batchMax of [1, 2, 100]) {
    await it.clear();
    await push(scoreEvent("ann", 1, 1), scoreEvent("ann", 2, 2, { board: "weekly" }), scoreEvent("bob", 3, 3));
    await push(erasure("ann", 4), scoreEvent("ann", 9, 5, { board: "weekly" }));
    const drain = scoreDrain(it, { batchMax });
    while ((await drain()).state === "drained");
    expect(await scores()).toEqual(["bob 3"]);
    expect(await scores("weekly")).toEqual(["ann 9"]);
  }
});

test("older events that come late are not written again: a redelivered batch, a repair, a retried dead event", async () => {
  const old = scoreEvent("ann", 1, 1);
  await push(old, erasure("ann", 2));
  await drain();
  await push(old);
  await drain();
  await it.database.run((sql) => overwriteScores(sql, [old]));
  await die(old);
  await retryDead(it.redis, it.keys);
  await drain();
  expect(await scores()).toEqual([]);
  await push(erasure("ann", 1)); // an older erasure undoes nothing
  await push(scoreEvent("ann", 5, 3));
  await drain();
  expect(await scores()).toEqual(["ann 5"]);
});

test("an erasure of one region leaves rows of another", async () => {
  await write(scoreEvent("ann", 1, 1, { region: "NA" }), scoreEvent("bob", 1, 1));
  await push(erasure("ann", 9), erasure("bob", 9));
  await drain();
  expect(await scores()).toEqual(["ann 1"]);
});

test("an erasure drops the player's older dead events, leaves all others, and adds none", async () => {
  await die(scoreEvent("ann", 1, 1, { board: "No board" }));
  await die(scoreEvent("bob", 1, 2, { board: "No board" }));
  await die(scoreEvent("ann", 1, 9, { board: "No board" }));
  await push(scoreEvent("ann", 1, 3, { board: "No board" }), erasure("ann", 4));
  expect(await drain()).toMatchObject({ events: 2, refused: 0 });
  expect(await dead()).toBe(2);
});

test("a row written during the erasure of its player does not outlive it", async () => {
  const late = Promise.withResolvers<void>();
  // Holds the row's statement open, as a drainer does whose lease ran out.
  const writing = it.database.run((sql) =>
    sql.begin(async (transaction) => {
      await transaction`
        INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
        VALUES ('main', 'ann', 'Ann', 'EU', 1, 'epoch', 'epoch')`;
      await late.promise;
    }),
  );
  await push(erasure("ann", 4));
  const draining = drain();
  const isWaiting = () =>
    it.database.run((sql) => sql`SELECT FROM pg_locks WHERE NOT granted AND relation = 'leaderboard'::regclass`);
  while ((await isWaiting()).length === 0);
  late.resolve();
  await Promise.all([writing, draining]);
  expect(await scores()).toEqual([]);
});

test("an erasure deletes an account, and a later account of the same id is written", async () => {
  const account = (updated: string) => ({
    user_id: "ann",
    name: "Ann",
    region: "EU",
    password_hash: "",
    created_at: updated,
    updated_at: updated,
  });
  const events = [account("1"), { erased: true, user_id: "ann", updated_at: "2" }];
  await it.redis.lpush(accountQueue.queue, ...events.map((event) => JSON.stringify(event)));
  await createDrain({
    redis: it.redis,
    database: it.database,
    keys: accountQueue,
    kind: accountEvents,
    lease: unshared,
    batchMax: 100,
  })();
  const count = () => it.database.run((sql) => sql`SELECT FROM accounts`).then((rows) => rows.length);
  expect(await count()).toBe(0);
  await it.database.run((sql) => upsertAccounts(sql, [account("2")]));
  expect(await count()).toBe(0);
  await it.database.run((sql) => upsertAccounts(sql, [account("3")]));
  expect(await count()).toBe(1);
});
