import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { VisibilityEvent } from "shared/model/events";
import { pushEvents, scoreDrain, scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { createDrain } from "../drain/drain.ts";
import { unshared } from "../leases/lease.ts";
import { accountQueue } from "../queues/queues.ts";
import { readVisibilityOf } from "./read-visibility.ts";
import { accountEvents } from "./upsert-accounts.ts";
import { overwriteVisibility, upsertVisibility } from "./upsert-visibility.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const drain = (batchMax = 100) => scoreDrain(it, { batchMax })();
const push = (...events: unknown[]) => pushEvents(it, ...events);
const change = (user_id: string, hidden: boolean, version: number, region = "EU"): VisibilityEvent => ({
  hidden,
  updated_at: String(version),
  user_id,
  region,
});
const rowsOf = async (region = "EU") =>
  (await readVisibilityOf(it.database, region, ["ann", "bob"]))
    .map(({ user_id, hidden, updated_at }) => `${user_id} ${hidden} ${updated_at}`)
    .toSorted();
const shown = async (board = "main") =>
  (
    await it.database.run(
      (sql) => sql`
        SELECT user_id FROM visible_leaderboard WHERE board = ${board}
        ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC`,
    )
  ).map(({ user_id }) => user_id);

test("the newest visibility of a player is written wherever it stands in a batch, and scores beside it", async () => {
  for (const batchMax of [1, 2, 100]) {
    await it.clear();
    await push(scoreEvent("ann", 5, 1), change("ann", true, 2), scoreEvent("ann", 6, 3, { board: "weekly" }));
    await push(scoreEvent("bob", 5, 4), change("bob", true, 5), change("bob", false, 6), scoreEvent("ann", 7, 7));
    while ((await drain(batchMax)).state === "drained");
    expect(await rowsOf()).toEqual(["ann true 2", "bob false 6"]);
    expect([await shown(), await shown("weekly")]).toEqual([["bob"], []]);
    await push(change("ann", false, 8));
    await drain();
    expect([await shown(), await shown("weekly")]).toEqual([["ann", "bob"], ["ann"]]);
  }
});

test("a redelivered batch and a late older change leave the visibility as it is", async () => {
  const [hidden, back] = [change("ann", true, 2), change("ann", false, 4)];
  await push(hidden, back);
  await drain();
  for (const late of [[hidden], [hidden, back], [change("ann", true, 3)], [change("ann", true, 4)]]) {
    await push(...late);
    await drain();
    expect(await rowsOf()).toEqual(["ann false 4"]);
  }
  await it.database.run((sql) => overwriteVisibility(sql, [change("ann", true, 3)]));
  expect(await rowsOf()).toEqual(["ann false 4"]);
  await it.database.run((sql) => overwriteVisibility(sql, [change("ann", true, 4)]));
  expect(await rowsOf()).toEqual(["ann true 4"]);
});

test("an erasure deletes the visibility, refuses older changes and admits newer ones; another region keeps its own", async () => {
  await it.database.run((sql) => upsertVisibility(sql, [change("ann", true, 1, "NA"), change("bob", true, 1)]));
  const erasure = { erased: true, user_id: "ann", region: "EU", updated_at: "4" };
  for (const batchMax of [1, 100]) {
    await push(scoreEvent("ann", 5, 1), change("ann", true, 2), erasure);
    while ((await drain(batchMax)).state === "drained");
    expect([await rowsOf(), await rowsOf("NA")]).toEqual([["bob true 1"], ["ann true 1"]]);
    await push(change("ann", true, 3));
    await drain();
    expect(await rowsOf()).toEqual(["bob true 1"]);
  }
  await push(change("ann", true, 5), erasure);
  await drain();
  expect(await rowsOf()).toEqual(["ann true 5", "bob true 1"]);
});

test("a visibility written during the erasure of its player does not outlive it", async () => {
  const [inserted, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  // Holds the statement open, as a drainer does whose lease has expired.
  const writing = it.database.run((sql) =>
    sql.begin(async (transaction) => {
      await transaction`INSERT INTO visibility VALUES ('EU', 'ann', true, 'epoch')`;
      inserted.resolve();
      await late.promise;
    }),
  );
  await Promise.race([inserted.promise, writing]);
  await push({ erased: true, user_id: "ann", region: "EU", updated_at: "4" });
  const draining = drain();
  const isWaiting = () =>
    it.database.run((sql) => sql`SELECT FROM pg_locks WHERE NOT granted AND relation = 'visibility'::regclass`);
  while ((await isWaiting()).length === 0);
  late.resolve();
  await Promise.all([writing, draining]);
  expect(await rowsOf()).toEqual([]);
});

test("a malformed visibility event, or one in the accounts' queue, is dead, and the others are written", async () => {
  await push({ ...change("ann", true, 1), hidden: "yes" }, change("bob", true, 2));
  expect(await drain()).toMatchObject({ events: 2, refused: 1 });
  expect(await rowsOf()).toEqual(["bob true 2"]);
  await it.redis.lpush(accountQueue.queue, JSON.stringify(change("ann", true, 1)));
  const { redis, database } = it;
  const accounts = createDrain({
    redis,
    database,
    keys: accountQueue,
    kind: accountEvents,
    lease: unshared,
    batchMax: 9,
  });
  expect(await accounts()).toMatchObject({ events: 1, refused: 1 });
});
