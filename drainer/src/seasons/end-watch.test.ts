import { expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { toPlanValue } from "shared/seasons/plan";
import { createMetrics } from "shared/service/metrics";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { until } from "testing/until";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { startSeasons } from "../../test/seasons-under-test.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import { measureEnds } from "./end-metrics.ts";
import { startEndWatch } from "./end-watch.ts";

const it = await forFile(startUnderTest());
const seasons = await forFile(startSeasons(it));
const log = createLog("test", "silent");
const settings = createSettings({ home: it.redis, queueMax: 1_000 });

async function put(kind: "boards" | "seasons", value: Record<string, unknown>): Promise<number> {
  const version = String(await settings.put(kind, "weekly", { value, replaces: undefined }));
  const event = { setting: kind, id: "weekly", value, updated_at: version };
  await it.database.run((sql) => upsertSettings(sql, [event]));
  return Number(version);
}

test("the drainer that holds the lease ends a season on idle shards, and makes it final", async () => {
  await seasons.reset();
  const registry = createMetrics("drainer");
  const read = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  const [seconds] = await it.redis.time();
  const now = Number(seconds) * 1e6;
  const rev = await put("boards", { state: "open", season: { schedule: "0 0 * * 1", zone: "UTC" }, born: 0 });
  const at = [now - 120e6, now - 60e6, now + 3_600e6, now + 7_200e6];
  await put("seasons", toPlanValue({ rev, first: 1, schedule: "0 0 * * 1", zone: "UTC", at }));
  await seasons.write(1, "ann", 5);
  let isHeld = false;
  const watch = startEndWatch({
    sides: seasons.sides,
    urls: {
      home: it.postgresUrl,
      byRegion: new Map(seasons.topology.regions.map((region) => [region, it.postgresUrl])),
    },
    lease: () => ({ isHeld: () => isHeld }),
    log,
    metrics: measureEnds(registry),
    lookEveryMs: 5,
  });
  isHeld = true;
  await until(
    async () => {
      await seasons.drain();
      return await seasons.states();
    },
    (states) => states[0] === "weekly 1 final 1",
  );
  await until(
    () => read("leaderboard_drainer_seasons_final_total"),
    (count) => count === 1,
  );
  await until(seasons.keysLeft, (count) => count === 0);
  await until(
    () => read("leaderboard_drainer_season_final_late_seconds"),
    (age) => age === 0,
  );
  const byState = async () => {
    const { values = [] } = (await registry.getSingleMetric("leaderboard_drainer_seasons")?.get()) ?? {};
    return Object.fromEntries(values.map(({ labels, value }) => [labels.state, value]));
  };
  expect(await until(byState, ({ running }) => running === 1)).toEqual({ running: 1, closing: 0, incomplete: 0 });
  await watch.stop();
});
