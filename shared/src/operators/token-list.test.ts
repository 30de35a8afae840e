import { beforeEach, expect, test } from "bun:test";
import { accountQueueKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFencesAt } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { createTopology } from "../model/regions.ts";
import { createSettings } from "../settings/settings.ts";
import { revokedReader } from "./revoked-tokens.ts";
import { createTokenList } from "./token-list.ts";

const { redis: home, url } = await forFile(scratchRedisClient());
const settings = createSettings({ home, queueMax: 10_000 });
let nowMs = Date.UTC(2026, 0, 1);
const tokens = createTokenList(settings, () => nowMs);
const readRevoked = revokedReader(home);
beforeEach(async () => {
  await flushAll(home);
  await openFencesAt(url, createTopology(["EU"], 1, ["main"]));
});

const DAY = 24 * 3600;
const writer = { name: "game-1", role: "writer", boards: ["main"] } as const;

test("a token that is added is listed with what it is for, the oldest first", async () => {
  const first = await tokens.add(writer, DAY);
  nowMs += 1_000;
  const second = await tokens.add({ name: "root", role: "admin" }, DAY);
  expect(first).toMatchObject({ ...writer, token_id: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(await tokens.read()).toEqual([
    { ...first, state: "valid" },
    { ...second, boards: null, state: "valid" },
  ]);
});

test("a revoked token is listed as such and told to the services, and a repeat changes nothing", async () => {
  const [one, other] = [await tokens.add(writer, DAY), await tokens.add(writer, DAY)];
  expect(await tokens.revoke(one.token_id)).toMatchObject({ token_id: one.token_id, state: "valid" });
  const queued = await home.llen(accountQueueKey);
  expect(await tokens.revoke(one.token_id)).toMatchObject({ state: "revoked" });
  expect(await home.llen(accountQueueKey)).toBe(queued);
  const states = (await tokens.read()).map(({ token_id, state }) => [token_id, state]);
  expect(Object.fromEntries(states)).toEqual({ [one.token_id]: "revoked", [other.token_id]: "valid" });
  expect(await readRevoked()).toEqual(new Map([[one.token_id, Date.parse(one.expires_at) / 1000]]));
});

test("an id that is not listed is not revoked", async () => {
  expect(await tokens.revoke("0000000000000000")).toBeUndefined();
  expect([await readRevoked(), await home.llen(accountQueueKey)]).toEqual([new Map(), 0]);
});

test("tokens that are added and revoked at the same moment are all there", async () => {
  const added = await Promise.all([1, 2, 3].map(() => tokens.add(writer, DAY)));
  await Promise.all(added.map(({ token_id }) => tokens.revoke(token_id)));
  expect((await tokens.read()).map(({ state }) => state)).toEqual(["revoked", "revoked", "revoked"]);
  expect((await readRevoked()).size).toBe(3);
});

test("an expired token is listed for a week, and cannot be revoked", async () => {
  const { token_id } = await tokens.add(writer, DAY);
  nowMs += DAY * 1000;
  expect(await tokens.revoke(token_id)).toMatchObject({ token_id, state: "expired" });
  expect((await readRevoked()).size).toBe(0);
  nowMs += 7 * DAY * 1000;
  expect(await tokens.read()).toEqual([]);
});

test("a revoked token is forgotten a week after it has expired, by the next one that is revoked", async () => {
  const [short, long] = [await tokens.add(writer, DAY), await tokens.add(writer, 30 * DAY)];
  await tokens.revoke(short.token_id);
  nowMs += 9 * DAY * 1000;
  await tokens.revoke(long.token_id);
  expect([...(await readRevoked()).keys()]).toEqual([long.token_id]);
});

test("the list takes 1,000 tokens that have not expired, and says when it is full", async () => {
  for (let n = 1; n <= 1_000; n++) {
    const value = { ...writer, token_id: String(n).padStart(16, "0"), made_at: at(0), expires_at: at(DAY) };
    await settings.put("operators", `place-${n}`, { value, replaces: undefined });
  }
  await expect(tokens.add(writer, DAY)).rejects.toThrow("1,000 tokens have not expired");
  nowMs += DAY * 1000;
  const added = await tokens.add(writer, DAY);
  const listed = await tokens.read();
  expect([listed.length, listed.filter(({ state }) => state === "valid")]).toEqual([
    1_000,
    [{ ...added, state: "valid" }],
  ]);
});
const at = (seconds: number) => new Date(nowMs + seconds * 1000).toISOString();
