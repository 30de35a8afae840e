import { beforeEach, expect, test } from "bun:test";
import { settingIdsKey, settingsKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const { home } = under.sides.stores;
const settings = createSettings({ home, queueMax: 1_000_000 });
beforeEach(() => under.clear());

const put = async (id: string, value: Record<string, unknown> | null) =>
  settings.put("boards", id, { value, replaces: (await settings.read("boards", id))?.version });
const rows = async () => {
  const found = await under.sides.databases.home.run(
    (sql) => sql<{ id: string; text: string }[]>`SELECT id, value::text AS text FROM settings ORDER BY id`,
  );
  return Object.fromEntries(found.map(({ id, text }) => [id, JSON.parse(text) as unknown]));
};
const shown = async () => (await settings.readPage("boards", { limit: 500 })).map(({ id, value }) => [id, value]);

test("what operators set is in both stores, a restored Redis has it again, and the deleted stay away", async () => {
  for (let n = 0; n < 30; n++) await put(`b${n % 3}`, { n });
  await put("b2", null);
  expect(await under.sweep(false)).toEqual([]); // the changes wait in the queue
  await under.drain();
  expect(await rows()).toEqual({ b0: { n: 27 }, b1: { n: 28 }, b2: null });
  expect(await under.sweep(false)).toEqual([]);
  const before = await settings.read("boards", "b2");
  await flushAll(home);
  expect((await restore(under.sides)).settings).toBe(3);
  expect(await shown()).toEqual([
    ["b0", { n: 27 }],
    ["b1", { n: 28 }],
  ]);
  expect([await settings.read("boards", "b2"), await under.sweep(false)]).toEqual([before, []]);
});

test("reconcile repairs what either store has lost", async () => {
  for (const id of ["b0", "b1", "b2"]) await put(id, { id });
  await under.drain();
  await under.sides.databases.home.run((sql) => sql`DELETE FROM settings WHERE id = 'b0'`);
  await under.sides.databases.home.run((sql) => sql`UPDATE settings SET value = '{"id":"x"}' WHERE id = 'b1'`);
  await home.hdel(settingsKey("boards"), "b2");
  await home.zrem(settingIdsKey("boards"), "b2");
  const kinds = (await under.sweep(true)).map(({ user_id, kind, isRepaired }) => [user_id, kind, isRepaired]);
  expect(kinds.toSorted()).toEqual([
    ["b0", "row_missing", true],
    ["b1", "row_differs", true],
    ["b2", "entry_missing", true],
  ]);
  expect(await rows()).toEqual({ b0: { id: "b0" }, b1: { id: "b1" }, b2: { id: "b2" } });
  expect([(await shown()).length, await under.sweep(false)]).toEqual([3, []]);
});

test("changes beside a drainer and reconcile end with the last one in both stores", async () => {
  const last: Record<string, unknown> = {};
  {
    await using _draining = keepDoing(() => under.drainOnce());
    await using _repairing = keepDoing(() => under.sweep(true));
    for (let n = 0; n < 200; n++) {
      const id = `b${n % 7}`;
      last[id] = n % 5 === 0 ? null : { n };
      await put(id, n % 5 === 0 ? null : { n });
    }
  }
  await under.drain();
  expect([await rows(), await under.sweep(false)]).toEqual([last, []]);
});

test("an event that no service writes is dead, and the others are written", async () => {
  await home.lpush("queue:accounts:{accounts}", '{"updated_at":"7","setting":"boards","id":"a b","value":{}}');
  await put("b0", { n: 1 });
  await under.drain();
  expect([await rows(), await home.llen("queue:dead:{accounts}")]).toEqual([{ b0: { n: 1 } }, 1]);
});
