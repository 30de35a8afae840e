import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startClusterBehindProxy } from "testing/redis/cluster-behind-proxy";
import { openSlotMove } from "testing/redis/slot-move";
import { scratchCluster } from "testing/scratch";
import { forgetScripts } from "testing/whole-store";
import type { Bucket } from "../limits/policies.ts";
import { toPolicy } from "../limits/policies.ts";
import { createLimiter } from "../limits/rate-limit.ts";
import { createLog } from "../log/log.ts";
import { checkDurability } from "../stores/checks.ts";
import { networkBucketKeys, userBucketKey } from "./keys.ts";
import { awaitReady, connectRedis, primariesOf, type Redis } from "./redis.ts";
import { toRedisProblem } from "./redis-problem.ts";
import { defineScript } from "./scripts/define-script.ts";

const log = createLog("test", "silent");
const connect = async (url: string): Promise<Redis> => {
  const redis = connectRedis({ url, name: "test", log });
  await awaitReady(redis, 10_000);
  return redis;
};

let server: Awaited<ReturnType<typeof scratchCluster>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchCluster();
  redis = await connect(server.url);
}, 20_000);
afterAll(async () => {
  redis.disconnect();
  await server.dispose();
});

const count = defineScript({ name: "test", source: "return redis.call('INCR', KEYS[1])", parse: Number });
const countBoth = defineScript({
  name: "test",
  source: "return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])",
  parse: Number,
});
const problemOf = (work: Promise<unknown>) =>
  work.then(String, (error: unknown) => toRedisProblem(error, "write").code);

test("one configured node is enough to find all nodes", async () => {
  const [node] = server.nodes;
  const found = await connect(`redis://127.0.0.1:${node?.port},127.0.0.1:${node?.port}`);
  expect(primariesOf(found)).toHaveLength(3);
  found.disconnect();
});

test("a script runs on the node of its keys, also where that node does not know it yet", async () => {
  const keys = ["{EU}", "{NA}", "{GLOBAL}"].map((tag) => `everywhere:${tag}`);
  for (const n of [1, 2]) expect(await Promise.all(keys.map((key) => count(redis, [key], [])))).toEqual([n, n, n]);
  await forgetScripts(redis);
  expect(await Promise.all(keys.map((key) => count(redis, [key], [])))).toEqual([3, 3, 3]);
  const sizes = await Promise.all(primariesOf(redis).map((node) => node.keys("everywhere:*")));
  expect(sizes.map((found) => found.length)).toEqual([1, 1, 1]);
});

const getOther = defineScript({
  name: "test",
  source: "return redis.call('GET', ARGV[1])",
  parse: String,
  hasOtherKeys: true,
});

describe("a slot that moves", () => {
  test("is followed key by key, and then to its new owner", async () => {
    const [key, other] = ["{moving}:a", "{moving}:b"];
    await Promise.all([key, other].map((each) => count(redis, [each], [])));
    const move = await openSlotMove(redis, key);
    expect(await move.moveKeys(1)).toBe(1);
    expect(await Promise.all([key, other].map((each) => count(redis, [each], [])))).toEqual([2, 2]);
    expect(await redis.mget(key)).toEqual(["2"]);
    while ((await move.moveKeys(10)) > 0);
    expect(await countBoth(redis, [key, other], [])).toBe(6);
    await move.finish();
    expect(await countBoth(redis, [key, other], [])).toBe(8);
    expect(await move.to.get(key)).toBe("4");
  });

  test("makes scripts whose keys are on two nodes unavailable, and changes nothing", async () => {
    const keys = ["{parted}:a", "{parted}:b"];
    await countBoth(redis, keys, []);
    const move = await openSlotMove(redis, "{parted}");
    await move.moveKeys(1);
    expect(await problemOf(countBoth(redis, keys, []))).toBe("unavailable");
    const [a = "", b = ""] = keys;
    for (const [given, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(await problemOf(getOther(redis, [given], [other]))).toBe("unavailable"); // and never "not there"
    }
    await move.moveKeys(1);
    expect(await problemOf(getOther(redis, [a], [b]))).toBe("unavailable");
    await move.finish();
    expect(await getOther(redis, [a], [b])).toBe("1");
    expect(await countBoth(redis, keys, [])).toBe(4);
  });
});

test("a cluster counts limits of many slots at once, and during a move those whose buckets are on one node", async () => {
  const policy = toPolicy("user", { perSecond: 0.001, burst: 3 });
  const of = (name: string) => ({ policy, key: userBucketKey("limited", name) });
  let fallbacks = 0;
  const limiter = createLimiter({ now: () => 0, onFallback: () => void fallbacks++ });
  const takeAll = (groups: Bucket[][]) => Promise.all(groups.map((buckets) => limiter.take(redis, buckets)));
  const leftOf = async (groups: Bucket[][]) => (await takeAll(groups)).map(({ remaining }) => remaining);

  const apart = ["203.0.113.1", "203.0.113.2"].map((address) => ({
    policy,
    key: networkBucketKeys("address", [address])[0] ?? "",
  }));
  const [ada, bob, cyd] = [of("ada"), of("bob"), of("cyd")];
  expect(await leftOf([...apart.map((bucket) => [bucket]), [ada, bob]])).toEqual([[2], [2], [2, 2]]);

  const move = await openSlotMove(redis, ada.key);
  await move.moveKeys(1);
  expect(await leftOf([[ada], [bob], [cyd]])).toEqual([[1], [1], [2]]);
  expect(fallbacks).toBe(0);
  expect(await leftOf([[ada, bob], [cyd]])).toEqual([[2, 2], [1]]); // the first in this process, which begins full
  expect(fallbacks).toBe(1);
  while ((await move.moveKeys(10)) > 0);
  await move.finish();
  expect(await leftOf([[ada, bob], [cyd]])).toEqual([[0, 0], [0]]);
  expect(fallbacks).toBe(1);
});

test("a command whose reply was lost is not sent again", async () => {
  const { url, proxy, direct, close } = await startClusterBehindProxy();
  const through = await connect(url);
  await count(through, ["script"], []); // the node knows it from here on
  const sends = {
    script: () => count(through, ["script"], []),
    plain: () => through.incr("plain"),
  };
  for (const [key, send] of Object.entries(sends)) {
    const before = Number(await direct.get(key));
    const caught = proxy.catchReply(key);
    const lost = problemOf(send());
    (await caught).drop();
    expect(await lost).toBe("outcome_unknown");
    await awaitReady(through, 5_000);
    expect(await direct.get(key)).toBe(String(before + 1));
  }
  through.disconnect();
  await close();
}, 20_000);

test("one primary that would lose data is found among sound ones", async () => {
  const [primary] = primariesOf(redis);
  await checkDurability(redis, { isProduction: true, log });
  await primary?.config("SET", "maxmemory-policy", "allkeys-lru");
  await expect(checkDurability(redis, { isProduction: false, log })).rejects.toThrow("noeviction");
  await primary?.config("SET", "maxmemory-policy", "noeviction");
});

test("a single node of a cluster is refused, because it would serve a part of the keys", async () => {
  const single = await connect(`redis://127.0.0.1:${server.nodes[0]?.port}`);
  await expect(checkDurability(single, { isProduction: false, log })).rejects.toThrow("name several of its nodes");
  single.disconnect();
});

// The last one: its primary stays dead.
test("nothing is sent to a killed primary, and its replica is found as soon as it has taken over", async () => {
  const [key, elsewhere] = ["killed:{EU}", "killed:{GLOBAL}"];
  await Promise.all([key, elsewhere].map((each) => count(redis, [each], [])));
  const lost = new Promise((resolve) => redis.once("-node", resolve));
  await server.nodes[2]?.kill();
  await lost;

  let fallbacks = 0;
  const limiter = createLimiter({ onFallback: () => void fallbacks++ });
  const policy = toPolicy("user", { perSecond: 1, burst: 1 });
  const take = (key: string) => limiter.take(redis, [{ policy, key }]);
  for (const region of ["EU", "GLOBAL", "GLOBAL"]) await take(userBucketKey(region, "ada"));
  expect(fallbacks).toBe(1); // limits of other regions are still shared

  const codes = new Set<string>();
  for (;;) {
    const code = await problemOf(count(redis, [key], []));
    if (/^\d+$/.test(code)) break;
    codes.add(code);
    expect(await problemOf(count(redis, [elsewhere], []))).toMatch(/^\d+$/); // the other primaries serve on
  }
  expect([...codes].filter((code) => code !== "unavailable")).toEqual([]);
  expect(await redis.get(key)).toBe("2");
}, 20_000);
