import { beforeEach, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { fenceKey, splitKey } from "shared/redis/keys";
import { formatFence } from "shared/stores/fence";
import { formatSplit, type Split } from "shared/stores/split";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { until } from "testing/until";
import { watchSplits } from "./split-watch.ts";

const { redis } = await forFile(scratchRedisClient());
const topology = createTopology(["EU", "NA"], 1, ["main"]);
const put = (region: string, split: Split) => redis.set(splitKey(region), formatSplit(split));

beforeEach(() => openFences(redis, topology));

test("a ranker is not ready while the reads of all its regions are refused, and ready again after that", async () => {
  const log = createLog("test", "fatal");
  const watch = watchSplits({ topology, stores: { of: () => redis }, log, intervalMs: 5 });
  const whole = { partitions: 1, isReadable: true };
  await put("EU", { partitions: 4, isReadable: true });
  await put("NA", { ...whole, movingTo: 4 });
  expect(watch.isServing()).toBe(true);
  await put("NA", { partitions: 1, movingTo: 4, isReadable: false });
  await until(async () => !watch.isServing());
  expect(watch.refused()).toEqual(["EU", "NA"]);
  await put("EU", whole);
  await until(async () => watch.isServing());
  expect(watch.refused()).toEqual(["NA"]);
  watch.close();
});

test("a region whose Redis lost its data is named, and leaves the ranker ready", async () => {
  await Promise.all(topology.regions.map((region) => put(region, { partitions: 1, isReadable: true })));
  const watch = watchSplits({ topology, stores: { of: () => redis }, log: createLog("test", "fatal"), intervalMs: 5 });
  await redis.set(fenceKey("EU"), formatFence({ origin: "test", keptVersion: 0, from: 0 }));
  await redis.del(fenceKey("NA"));
  await until(async () => watch.refused().length === 2);
  expect(watch.isServing()).toBe(true);
  await openFences(redis, topology);
  await until(async () => watch.refused().length === 0);
  watch.close();
});
