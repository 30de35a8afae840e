import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "leaderboard-client";
import { forFile } from "testing/for-file";
import { codeOf } from "testing/services/client";
import { startServices } from "testing/services/service-under-test";
import { announceWithoutPromtool, faultsOf, promtool } from "./promtool.ts";
import { definedMetrics, OWN_METRICS, queriedMetrics } from "./queried-metrics.ts";

announceWithoutPromtool("metric names and the dashboard's queries were not checked");

/** The metrics of each service after a registration, a write with a replay, and a read. */
const scraped = new Map<string, string>();
const services = await forFile(startServices({ PASSWORDS: "optional" }));
beforeAll(async () => {
  const client = createClient({ url: services.gateway.url });
  const { token } = await client.register({ user_id: "ada", name: "Ada", region: "EU" });
  const ada = client.as(token);
  for (let n = 0; n < 2; n++) await ada.addScore({ delta: 1 }, { idempotencyKey: "once" });
  expect(await codeOf(client.rank("nobody"))).toBe("not_ranked");
  for (const name of names) scraped.set(name, await (await fetch(services[name].metricsUrl)).text());
});

const names = ["gateway", "ranker", "drainer"] as const;
const read = (path: string) => Bun.file(join(import.meta.dir, path)).text();

interface Panel {
  title: string;
  targets?: { expr: string }[];
}
const { panels } = JSON.parse(await read("../grafana/dashboards/leaderboard.json")) as { panels: Panel[] };
const drawn = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
const { groups } = Bun.YAML.parse(await read("alerts.yml")) as {
  groups: { rules: { alert: string; expr: string }[] }[];
};
const alerting = groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ title: alert, expr })));

test.each([...drawn, ...alerting])("$title: every metric in $expr is exposed by a service", ({ expr }) => {
  const defined = [...scraped.values()].reduce((all, text) => all.union(definedMetrics(text)), OWN_METRICS);
  const queried = queriedMetrics(expr);
  expect(queried.size).toBeGreaterThan(0);
  expect([...queried].filter((name) => !defined.has(name))).toEqual([]);
});

test("README.md explains every metric of the project", async () => {
  const text = await read("README.md");
  const ours = [...scraped.values()].flatMap((exposition) => [...exposition.matchAll(/^# TYPE (\S+)/gm)]);
  const isExplained = (name: string) =>
    text.includes(`\`${name}`) || /^(nodejs|process|leaderboard_drainer_sweep)_/.test(name);
  expect(ours.map(([, name = ""]) => name).filter((name) => !isExplained(name))).toEqual([]);
});

test.each(names)("every metric of the %s says whose it is, but for those that all processes have", (name) => {
  const named = [...(scraped.get(name) ?? "").matchAll(/^# TYPE (\S+)/gm)].map(([, metric = ""]) => metric);
  expect(named.filter((metric) => !/^(leaderboard|nodejs|process)_/.test(metric))).toEqual([]);
});

/** The value of the only sample that has these labels; undefined where there is none or several. */
function sampleOf(exposition = "", name: string, labels: Record<string, string>): number | undefined {
  const lines = exposition.split("\n").filter((line) => line.startsWith(`${name}{`));
  const found = lines.filter((line) =>
    Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)),
  );
  return found.length === 1 ? Number(found[0]?.split(" ").at(-1)) : undefined;
}

test.each([
  ["gateway", "leaderboard_http_problems_total", { code: "no_upstream" }, 0],
  ["gateway", "leaderboard_redis_script_duration_seconds_count", { script: "token-bucket" }, 3],
  ["ranker", "leaderboard_http_problems_total", { code: "not_ranked" }, 1],
  // The first write tells the shard of its board, and is sent once more.
  ["ranker", "leaderboard_redis_script_duration_seconds_count", { script: "submit" }, 3],
  ["ranker", "leaderboard_ranker_idempotent_replays_total", {}, 1],
  ["ranker", "leaderboard_ranker_account_checks_total", { by: "store" }, 1],
  ["ranker", "leaderboard_ranker_account_checks_total", { by: "memory" }, 1],
  ["ranker", "leaderboard_ranker_password_hashes_waiting", {}, 0],
  ["ranker", "leaderboard_ranker_queue_events_max", {}, 100_000],
] as const)("the %s exposes %s%j with the value %d", (service, name, labels, value) => {
  expect(sampleOf(scraped.get(service), name, labels)).toBe(value);
});

test.each(names)("the %s exposes the state of its Redis connection and the lag of its event loop", (name) => {
  expect(scraped.get(name)).toMatch(/^leaderboard_redis_connection_up\{store="127\.0\.0\.1:\d+",component="\w+"\} 1$/m);
  expect(scraped.get(name)).toMatch(/^nodejs_eventloop_lag_p99_seconds\{/m);
});

describe.skipIf(promtool === undefined)("promtool", () => {
  test.each(names)("accepts the names of the metrics of the %s", (name) => {
    expect(faultsOf(["check", "metrics"], scraped.get(name))).toBe("");
  });

  test("parses every query of the dashboard", () => {
    const rules = drawn.map(({ expr }, index) => ({
      record: `drawn:${index}`,
      expr: expr.replaceAll("$__rate_interval", "1m"),
    }));
    expect(faultsOf(["check", "rules", "/dev/stdin"], JSON.stringify({ groups: [{ name: "drawn", rules }] }))).toBe("");
  });
});
