import { afterAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { dirForFile } from "testing/for-file";
import { findOrAnnounce } from "testing/installed";
import { startServices } from "testing/services/service-under-test";
import { until } from "testing/until";

const prometheus = findOrAnnounce("prometheus", "nothing was scraped");

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

const dir = await dirForFile();
const closing: { stop(): Promise<void> }[] = [];
afterAll(async () => {
  for (const each of closing.reverse()) await each.stop();
});

test.skipIf(prometheus === undefined)(
  "a Prometheus with this configuration scrapes every service and evaluates every rule",
  async () => {
    const services = await startServices();
    closing.push({ stop: services.dispose });
    const urlOf = (job: string) =>
      services[job.replace("leaderboard-", "") as "gateway" | "ranker" | "drainer"].metricsUrl;
    const config = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "prometheus.yml")).text()) as Config;
    config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
    config.rule_files = config.rule_files.map((file) => join(import.meta.dir, file));
    for (const scrape of config.scrape_configs) {
      scrape.static_configs = [{ targets: [new URL(urlOf(scrape.job_name)).host] }];
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
    closing.push(running);

    const ask = async <T>(path: string) => ((await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: T }).data;
    const isKnown = ({ health }: { health: string }) => health !== "unknown";
    const { activeTargets } = await until(
      () => ask<Targets>("targets"),
      (targets) => targets.activeTargets.length === 3 && targets.activeTargets.every(isKnown),
    );
    expect(activeTargets.map(({ labels, health, lastError }) => [labels.job, health, lastError]).toSorted()).toEqual(
      ["drainer", "gateway", "ranker"].map((job) => [`leaderboard-${job}`, "up", ""]),
    );
    const rules = await until(
      async () => (await ask<Rules>("rules")).groups.flatMap((group) => group.rules),
      (all) => all.length > 0 && all.every(isKnown),
    );
    expect(rules.length).toBeGreaterThan(5);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
  },
  60_000,
);
