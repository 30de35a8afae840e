import { beforeEach, describe, expect, test } from "bun:test";
import { ACCOUNTS_TAG, accountQueueKey, fenceKey, settingIdsKey, settingsKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFencesAt } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { settingEventSchema } from "../model/events.ts";
import { createTopology } from "../model/regions.ts";
import { createSettings } from "./settings.ts";

const { redis: home, url } = await forFile(scratchRedisClient());
const settings = createSettings({ home, queueMax: 3 });
beforeEach(async () => {
  await flushAll(home);
  await openFencesAt(url, createTopology(["EU"], 1, ["main"]));
});

const put = (id: string, value: Record<string, unknown> | null, replaces?: string) =>
  settings.put("boards", id, { value, replaces });
const queued = async () =>
  (await home.lrange(accountQueueKey, 0, -1)).map((text) => settingEventSchema.parse(JSON.parse(text)));

test("a setting is read as it was written, and its event waits for PostgreSQL", async () => {
  const value = { title: 'A "b"\\ 🏆', bounds: { max: 2 ** 53 - 1 }, tiers: null };
  const version = await put("weekly", value);
  expect(await settings.read("boards", "weekly")).toEqual({ id: "weekly", version: String(version), value });
  expect(await queued()).toEqual([{ setting: "boards", id: "weekly", value, updated_at: String(version) }]);
  expect(await settings.read("operators", "weekly")).toBeUndefined();
});

test("of concurrent changes of one version one is done, and the others change nothing", async () => {
  const first = await put("weekly", { n: 0 });
  const versions = await Promise.all(Array.from({ length: 8 }, (_, n) => put("weekly", { n }, first)));
  expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
  expect(await queued()).toHaveLength(2);
  expect(await put("weekly", { n: 9 })).toBeUndefined();
});

test("a deleted setting is not listed, keeps its version, and its id can be used again", async () => {
  const first = await put("weekly", { n: 1 });
  const gone = await put("weekly", null, first);
  expect(await settings.read("boards", "weekly")).toEqual({ id: "weekly", version: String(gone), value: null });
  expect(await settings.readPage("boards", { limit: 10 })).toEqual([]);
  const again = await put("weekly", { n: 2 }, gone);
  expect(Number(again)).toBeGreaterThan(Number(gone));
  expect((await settings.readPage("boards", { limit: 10 })).map(({ value }) => value)).toEqual([{ n: 2 }]);
});

test("pages follow one another in the order of the ids", async () => {
  const roomy = createSettings({ home, queueMax: 1_000 });
  const ids = Array.from({ length: 25 }, (_, n) => `b-${n}`);
  for (const id of ids) await roomy.put("boards", id, { value: { id }, replaces: undefined });
  const seen: string[] = [];
  for (let page = await roomy.readPage("boards", { limit: 10 }); page.length > 0; ) {
    seen.push(...page.map(({ id }) => id));
    page = await roomy.readPage("boards", { after: page.at(-1)?.id ?? "", limit: 10 });
  }
  expect(seen).toEqual(ids.toSorted());
});

test("a full queue refuses a change, and nothing was done", async () => {
  await home.lpush(accountQueueKey, "1", "2", "3");
  await expect(put("weekly", {})).rejects.toMatchObject({ code: "queue_full" });
  expect([await settings.read("boards", "weekly"), await home.llen(accountQueueKey)]).toEqual([undefined, 3]);
});

describe("a store that is being compared with PostgreSQL", () => {
  beforeEach(() => home.set(fenceKey(ACCOUNTS_TAG), "origin 0 0 another-run"));

  test("is neither read nor written", async () => {
    await expect(settings.read("boards", "weekly")).rejects.toMatchObject({ code: "unavailable" });
    await expect(settings.readPage("boards", { limit: 1 })).rejects.toMatchObject({ code: "unavailable" });
    await expect(put("weekly", {})).rejects.toMatchObject({ code: "unavailable" });
    expect(await home.exists(settingsKey("boards"), settingIdsKey("boards"), accountQueueKey)).toBe(0);
  });
});

test.each([settingsKey("boards"), settingIdsKey("boards"), accountQueueKey])(
  "a key %s of a wrong type leaves nothing half written",
  async (key) => {
    await home.set(key, "text");
    await expect(put("weekly", {})).rejects.toMatchObject({ code: "internal" });
    expect(await home.exists(settingsKey("boards"), settingIdsKey("boards"), accountQueueKey)).toBe(1);
  },
);
