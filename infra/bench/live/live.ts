import { RedisClient } from "bun";
import { defineCommand, flag, value } from "shared/command/define-command";
import { openFencesAt } from "testing/open-fences";
import { readInfo } from "testing/redis/server-cost";
import { scratchRedis } from "testing/scratch";
import { clientOf } from "testing/services/client";
import { startService } from "testing/services/service-under-test";
import type { z } from "zod";
import { seconds, whole } from "../harness/options.ts";
import { readProcessCost } from "../harness/process-cost.ts";
import { json, type Run, runBench } from "../harness/run-bench.ts";
import { percentile } from "../harness/statistics.ts";
import { TOPOLOGY } from "../stage/topology.ts";
import { openViewers } from "./viewers.ts";

const liveOptions = {
  viewers: value("N", "up to 10000", whole(1, 10_000).prefault("5000")),
  seconds: value("N", "up to 60", seconds(1, 60).prefault("10")),
  gateway: flag("through a gateway"),
  json,
};

/** `npm run bench live`: how many viewers of a live board one ranker serves. */
export const live = defineCommand({
  name: "live",
  about: `Measures how many viewers of a live board one ranker serves: real connections on loopback, and one player whose next
score is submitted when every viewer was shown the last one.`,
  usage: "npm run bench live -- [options]",
  options: liveOptions,
  notes: "",
  run: (input) => runBench(input.options, measureLive, formatLive),
});

async function measureLive(options: z.output<z.ZodObject<typeof liveOptions>>, { say }: Run) {
  await using stack = new AsyncDisposableStack();
  const redis = stack.adopt(await scratchRedis(), ({ dispose }) => dispose());
  const admin = stack.adopt(new RedisClient(redis.url), async (client) => client.close());
  await openFencesAt(redis.url, TOPOLOGY);
  const rankerEnv = { REDIS_URL: redis.url, PASSWORDS: "optional" };
  const ranker = stack.adopt(await startService("ranker", rankerEnv), ({ stop }) => stop());
  const gatewayEnv = {
    REDIS_URL: redis.url,
    LEADERBOARD_SERVICE_URLS: ranker.url,
    RATE_READ_PER_SECOND: "1000000",
    RATE_READ_BURST: "1000000",
    LIVE_STREAMS_PER_ADDRESS: "10000",
    BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
  };
  const gateway = options.gateway
    ? stack.adopt(await startService("gateway", gatewayEnv), ({ stop }) => stop())
    : undefined;
  const client = clientOf(ranker);
  const token = await client.register({ user_id: "ada", name: "Ada", region: "EU" });
  const submit = (score: number) => client.post("/score/update", { score }, token);
  await submit(1);

  say(`opening ${options.viewers} streams`);
  const openedAtMs = performance.now();
  using viewers = await openViewers((gateway ?? ranker).port, options.viewers);
  await viewers.untilAllShow(1);
  const snapshotMs = performance.now() - openedAtMs;

  say("submitting scores");
  const readScripts = async () => {
    const info = await readInfo(admin, "commandstats");
    return Number(/calls=(\d+)/.exec(info.get("cmdstat_evalsha") ?? "")?.[1] ?? 0);
  };
  const scriptsBefore = await readScripts();
  const cpuBeforeUs = readProcessCost(ranker.pid).cpuUs;
  const beganAtMs = performance.now();
  const shownMs: number[] = [];
  const answeredMs: number[] = [];
  let score = 1;
  while (performance.now() - beganAtMs < options.seconds * 1_000) {
    const sentAtMs = performance.now();
    await submit(++score);
    answeredMs.push(performance.now() - sentAtMs);
    for (const atMs of await viewers.untilAllShow(score)) shownMs.push(atMs - sentAtMs);
  }
  const tookSeconds = (performance.now() - beganAtMs) / 1_000;
  const metrics = await (await fetch(ranker.metricsUrl)).text();
  const toMb = (pid: number) => readProcessCost(pid).residentBytes / 1e6;
  return {
    viewers: options.viewers,
    snapshotMs,
    scores: score - 1,
    seconds: tookSeconds,
    shownMs: toPercentiles(shownMs),
    answeredMs: toPercentiles(answeredMs),
    scriptsPerSecond: ((await readScripts()) - scriptsBefore) / tookSeconds,
    rankerCpuShare: (readProcessCost(ranker.pid).cpuUs - cpuBeforeUs) / 1e6 / tookSeconds,
    rankerMb: toMb(ranker.pid),
    gatewayMb: gateway === undefined ? undefined : toMb(gateway.pid),
    /** Snapshots that the ranker sent instead of changes, because a viewer was too far behind. */
    skips: Number(/leaderboard_ranker_live_skips_total\{[^}]*\} (\S+)/.exec(metrics)?.[1] ?? 0),
  };
}

const toPercentiles = (values: readonly number[]) => ({
  p50: percentile(values, 50),
  p99: percentile(values, 99),
  last: percentile(values, 100),
});

function formatLive(live: Awaited<ReturnType<typeof measureLive>>): string {
  const { viewers, snapshotMs, scores, seconds, shownMs, answeredMs, gatewayMb } = live;
  const toText = ({ p50, p99, last }: typeof shownMs) =>
    `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, last ${last.toFixed(0)} ms`;
  return [
    `${viewers} viewers had the first snapshot after ${snapshotMs.toFixed(0)} ms.`,
    `${scores} scores in ${seconds.toFixed(1)} s, each shown to all viewers.`,
    `From submit to viewer: ${toText(shownMs)}.`,
    `From submit to answer: ${toText(answeredMs)}.`,
    `Redis ran ${live.scriptsPerSecond.toFixed(1)} scripts a second, submits included.`,
    `The ranker took ${(100 * live.rankerCpuShare).toFixed(0)} % of a core and ${live.rankerMb.toFixed(0)} MB; ${live.skips} viewers were too slow and got a snapshot.`,
  ]
    .concat(gatewayMb === undefined ? [] : `The gateway took ${gatewayMb.toFixed(0)} MB.`)
    .join("\n");
}
