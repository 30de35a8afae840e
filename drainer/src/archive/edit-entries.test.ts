import { beforeEach, expect, test } from "bun:test";
import connect from "postgres";
import { shardOf } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { until } from "testing/until";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { BOARD, ENDS, STARTS, startSeasons } from "../../test/seasons-under-test.ts";
import { editEntries } from "./edit-entries.ts";

const it = await forFile(startUnderTest());
const seasons = await forFile(startSeasons(it));
const { redis } = it;
const { topology, queues, write, look, drain } = seasons;
beforeEach(() => seasons.reset());

const edit = (user_id: string, version: number, fields: object, season = 1) => ({
  edited: true as const,
  updated_at: String(version),
  board: `${BOARD}@${season}`,
  user_id,
  region: "EU",
  ...fields,
});
/** As `change-entry.lua` does of a season that has ended. */
async function edited(userId: string, version: number, fields: object): Promise<string> {
  const { tag } = shardOf(topology, "EU", userId);
  const event = JSON.stringify(edit(userId, version, fields));
  await redis.lpush(queues.find((queue) => queue.tag === tag)?.queue ?? "", event);
  return event;
}
const archived = () =>
  it.database.run(
    (sql) => sql<{ user_id: string; name: string; metadata: object | null; at: string }[]>`
      SELECT user_id, name, metadata, trunc(extract(epoch FROM updated_at) * 1000000)::text AS at
      FROM archived ORDER BY user_id`,
  );

test("an archived entry has a time in its season, whenever it was edited, and the last edit", async () => {
  for (const [n, id] of ["ann", "bob", "cy"].entries()) await write(1, id, n + 1);
  await seasons.endAll();
  await edited("ann", ENDS + 10, { name: "Ann 1" });
  const old = await edited("ann", ENDS + 20, { name: "Ann 2", metadata: { a: 1.0 } });
  await drain();
  expect(await look()).toMatchObject({ finished: 1 });
  const last = String(ENDS - 1);
  expect(await archived()).toMatchObject([
    { user_id: "ann", name: "Ann 2", metadata: { a: 1 }, at: last },
    { user_id: "bob", at: String(STARTS + 2) },
    { user_id: "cy", at: String(STARTS + 3) },
  ]);
  await edited("bob", ENDS + 30, { name: "Bobby" });
  await edited("ann", ENDS + 40, { name: "Ann 3", metadata: null });
  await drain();
  // From an older copy of the queue.
  await redis.lpush(queues.find(({ tag }) => tag === shardOf(topology, "EU", "ann").tag)?.queue ?? "", old);
  await drain();
  expect(await archived()).toMatchObject([
    { user_id: "ann", name: "Ann 3", metadata: null, at: last },
    { user_id: "bob", name: "Bobby", at: String(STARTS + 2) },
    { user_id: "cy", at: String(STARTS + 3) },
  ]);
});

test("edits that wait for an archive hold no lock on the rows, which a removal may wait for", async () => {
  for (const season of [1, 2]) await write(season, "ann", 1);
  for (const season of [1, 2]) await seasons.endAll(season);
  await drain();
  const [archiving, removing] = [1, 2].map(() => connect(it.postgresUrl, { max: 1 }));
  if (archiving === undefined || removing === undefined) throw new Error("no connections");
  try {
    await archiving`BEGIN`;
    await archiving`SELECT FROM ended_seasons WHERE ranking = ${`${BOARD}@2`} AND region = 'EU' FOR UPDATE`;
    const edits = [1, 2].map((season) => edit("ann", ENDS + 70_000_000, { name: "Ann" }, season));
    const editing = it.database.run((sql) => editEntries(sql, edits));
    const waiting = () => removing`
      SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%edit_entries%'`;
    await until(waiting, ({ length }) => length === 1);
    await removing`BEGIN`;
    await removing`LOCK TABLE leaderboard IN SHARE ROW EXCLUSIVE MODE NOWAIT`;
    await removing`COMMIT`;
    await archiving`COMMIT`;
    await editing;
    const rows = await it.database.run((sql) => sql`SELECT name FROM leaderboard WHERE board LIKE ${`${BOARD}%`}`);
    expect(rows.map(({ name }) => name)).toEqual(["Ann", "Ann"]);
  } finally {
    await Promise.all([archiving.end({ timeout: 1 }), removing.end({ timeout: 1 })]);
  }
});
