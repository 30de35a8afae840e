import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { announceWithoutPromtool, faultsOf, promtool } from "./promtool.ts";

announceWithoutPromtool("the alerts and infra/deploy/prometheus/prometheus.yml were not checked");

interface Rule {
  alert: string;
  labels: { severity: string };
  annotations: Record<"summary" | "description" | "runbook_url", string>;
}

const ROOT = join(import.meta.dir, "../../..");
const read = async (path: string) => await Bun.file(join(import.meta.dir, path)).text();
const yaml = async (path: string) => Bun.YAML.parse(await read(path));
const { groups } = (await yaml("alerts.yml")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

describe.skipIf(promtool === undefined)("promtool", () => {
  test("accepts the configuration", () => {
    expect(faultsOf(["check", "config", "prometheus.yml"])).toBe("");
  });

  test("sees each alert fire at its fault, not earlier, and not at other faults", () => {
    expect(faultsOf(["test", "rules", "alerts.test.yml"])).toBe("");
  });
});

test("every alert has a test in which it fires", async () => {
  const { tests } = (await yaml("alerts.test.yml")) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
  };
  const cases = tests.flatMap((each) => each.alert_rule_test);
  const fired = new Set(cases.filter((each) => each.exp_alerts !== undefined).map((each) => each.alertname));
  expect(rules.map(({ alert }) => alert).filter((alert) => !fired.has(alert))).toEqual([]);
});

const { homepage } = (await Bun.file(join(ROOT, "package.json")).json()) as { homepage: string };
const operate = await Bun.file(join(ROOT, "docs/operate.md")).text();

test.each(rules)(
  "$alert has a summary, a description, a severity, and a link to its section in docs/operate.md",
  (rule) => {
    const { summary, description, runbook_url } = rule.annotations;
    expect(summary).not.toBe("");
    expect(description).not.toBe("");
    expect(["warning", "critical"]).toContain(rule.labels.severity);
    expect(runbook_url).toBe(`${homepage}/blob/main/docs/operate.md#${rule.alert.toLowerCase()}`);
    expect(operate).toContain(`\n### ${rule.alert}\n`);
  },
);

test("Prometheus scrapes exactly the services of docker-compose.yml", async () => {
  const { services } = (await yaml("../../../docker-compose.yml")) as {
    services: Record<string, { environment?: { METRICS_PORT?: number } }>;
  };
  const { scrape_configs } = (await yaml("prometheus.yml")) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  for (const job of ["gateway", "ranker", "drainer"]) {
    const run = Object.entries(services).filter(([name]) => new RegExp(`^${job}-\\d+$`).test(name));
    const scraped = scrape_configs
      .filter((each) => each.job_name === `leaderboard-${job}`)
      .flatMap((each) => each.static_configs);
    expect(run.length).toBeGreaterThan(0);
    expect(scraped.flatMap((each) => each.targets)).toEqual(
      run.map(([name, { environment }]) => `${name}:${environment?.METRICS_PORT}`),
    );
  }
});
