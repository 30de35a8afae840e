import { expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { splitKey } from "shared/redis/keys";
import { formatSplit, type Split } from "shared/stores/split";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { until } from "testing/until";
import { watchSplits } from "./split-watch.ts";

const { redis } = await forFile(scratchRedisClient());
const topology = createTopology(["EU", "NA"], 1, ["main"]);
const put = (region: string, split: Split) => redis.set(splitKey(region), formatSplit(split));

test("a ranker is not ready while the reads of all its regions are refused, and ready again after that", async () => {
  const log = createLog("test", "fatal");
  const watch = watchSplits({ topology, stores: { of: () => redis }, log, intervalMs: 5 });
  const whole = { partitions: 1, isReadable: true };
  await put("EU", { partitions: 4, isReadable: true });
  await put("NA", { ...whole, movingTo: 4 });
  expect(watch.isServing()).toBe(true);
  await put("NA", { partitions: 1, movingTo: 4, isReadable: false });
  await until(async () => !watch.isServing());
  await put("EU", whole);
  await until(async () => watch.isServing());
  watch.close();
});
