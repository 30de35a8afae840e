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
interface Result {
  result: unknown[];
}
interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
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
  "a Prometheus with this configuration scrapes every service, evaluates every rule and answers every panel",
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

    // The dashboard's variables as Grafana fills them in for "All".
    const picked = {
      namespace: ".*",
      job: "(leaderboard-gateway|leaderboard-ranker|leaderboard-drainer)",
      instance: ".*",
    };
    const query = async (expr: string) => {
      const filled = expr.replace(/\$(namespace|job|instance)/g, (_, name: keyof typeof picked) => picked[name]);
      const { result } = await ask<Result>(
        `query?query=${encodeURIComponent(filled.replaceAll("$__rate_interval", "10s"))}`,
      );
      return result.length;
    };
    const { panels } = (await Bun.file(
      join(import.meta.dir, "../grafana/dashboards/leaderboard.json"),
    ).json()) as Dashboard;
    const counts = new Map<string, number>();
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) counts.set(title, (counts.get(title) ?? 0) + (await query(expr)));
    }
    expect([counts.get("Up"), counts.get("Redis connections"), counts.get("Memory")]).toEqual([3, 3, 3]);
  },
  60_000,
);
