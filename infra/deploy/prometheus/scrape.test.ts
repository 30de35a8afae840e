import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { scratchPostgres, scratchRedis } from "testing/scratch";
import { startService } from "testing/service-under-test";
import { until } from "testing/until";

const prometheus = Bun.which("prometheus");
if (prometheus === null) {
  process.stderr.write(
    "SKIPPED: prometheus is not installed (Debian: apt-get install prometheus), so nothing was scraped\n",
  );
}

interface Config {
  global: { scrape_interval: string; evaluation_interval: string };
  rule_files: string[];
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
}
interface Targets {
  activeTargets: { labels: { job: string }; health: string; lastError: string }[];
}
interface Rules {
  groups: { rules: { name: string; health: string; lastError?: string }[] }[];
}

let dir: string;
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "leaderboard-prometheus-"));
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  await rm(dir, { recursive: true, force: true });
});

/** Starts each service once. Returns the URL of its metrics by the name of its job. */
async function startServices(): Promise<Record<string, string>> {
  const [redis, postgres] = await Promise.all([scratchRedis(), scratchPostgres(["leaderboard"])]);
  closing.push(postgres.dispose, redis.dispose);
  const env = { REDIS_URL: redis.url, POSTGRES_URL: postgres.url("leaderboard") };
  const [ranker, drainer] = await Promise.all([startService("ranker", env), startService("drainer", env)]);
  const gateway = await startService("gateway", { ...env, LEADERBOARD_SERVICE_URLS: ranker.url });
  closing.push(ranker.stop, drainer.stop, gateway.stop);
  return { ranker: ranker.metricsUrl, drainer: drainer.metricsUrl, gateway: gateway.metricsUrl };
}

test.skipIf(prometheus === null)(
  "a Prometheus with this configuration scrapes every service and evaluates every rule",
  async () => {
    const urls = await startServices();
    const config = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "prometheus.yml")).text()) as Config;
    config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
    config.rule_files = config.rule_files.map((file) => join(import.meta.dir, file));
    for (const scrape of config.scrape_configs) {
      scrape.static_configs = [{ targets: [new URL(urls[scrape.job_name] ?? "").host] }];
    }
    const file = join(dir, "prometheus.json"); // JSON is YAML
    await writeFile(file, JSON.stringify(config));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const running = await launch({
      command: prometheus ?? "",
      args,
      port,
      readyWhen: `${url}/-/ready`,
      stopSignal: "SIGTERM",
      spawn: {},
    });
    closing.push(() => running.stop());

    const ask = async <T>(path: string) => ((await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: T }).data;
    const { activeTargets } = await until(
      () => ask<Targets>("targets"),
      (targets) =>
        targets.activeTargets.length === 3 && targets.activeTargets.every(({ health }) => health !== "unknown"),
    );
    expect(activeTargets.map(({ labels, health, lastError }) => [labels.job, health, lastError]).toSorted()).toEqual(
      ["drainer", "gateway", "ranker"].map((job) => [job, "up", ""]),
    );
    const { groups } = await until(
      () => ask<Rules>("rules"),
      (rules) =>
        rules.groups.length > 0 &&
        rules.groups.every((group) => group.rules.every(({ health }) => health !== "unknown")),
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(5);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
  },
  60_000,
);
