import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { scratchDir } from "stack/scratch-dir";
import { announceSkipped, installed } from "testing/installed";
import packageJson from "../../../package.json";
import { containerOf, type Resource } from "./manifests.ts";
import { CHART_DIR, helm, render, renderText, runHelm, SHAPES, type Shape, valuesOf } from "./render.ts";

const kubeconform = installed("kubeconform");
if (kubeconform === undefined) announceSkipped("kubeconform is not installed, so no manifest was validated");
const SCHEMAS = join(import.meta.dir, "schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json");

describe.skipIf(helm === undefined).each(SHAPES)("the chart in the shape %s", (shape) => {
  test("passes helm lint --strict", () => {
    runHelm(["lint", "--strict", CHART_DIR, "--values", valuesOf(shape)]);
  });

  test.skipIf(kubeconform === undefined)("passes kubeconform -strict", () => {
    const args = ["-strict", "-schema-location", SCHEMAS];
    const { exitCode, stdout } = Bun.spawnSync([kubeconform ?? "", ...args], {
      stdin: Buffer.from(renderText(shape)),
    });
    expect([stdout.toString(), exitCode]).toEqual(["", 0]);
  });

  test("has every name once, and no secret in a ConfigMap", () => {
    const resources = render(shape);
    const names = resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const secrets = resources.flatMap(({ stringData = {} }) => Object.values(stringData));
    const maps = resources.filter(({ kind }) => kind === "ConfigMap");
    for (const { data = {} } of maps) {
      expect(
        Object.keys(data).filter(
          (name) => /^JWT_SECRET|_URL(_[A-Z]+)?$/.test(name) && !/^(JWT_JWKS|PUBLIC)_URL$/.test(name),
        ),
      ).toEqual([]);
      expect(Object.values(data).filter((value) => secrets.includes(value) || /:\/\/[^/\s]*@/.test(value))).toEqual([]);
    }
    expect(resources.some(({ kind }) => kind === "Secret")).toBe(shape !== "managed");
  });
});

describe.skipIf(helm === undefined)("the chart", () => {
  test("is of the version of the project", async () => {
    const chart = Bun.YAML.parse(await Bun.file(join(CHART_DIR, "Chart.yaml")).text());
    expect(chart).toMatchObject({ version: packageJson.version, appVersion: packageJson.version });
  });

  test("has the images of its version, of another one, or of one each, so that services can be updated in their order", () => {
    const imagesOf = (...more: string[]) =>
      render("four-regions", ...more)
        .filter(({ spec }) => spec?.template !== undefined)
        .map((workload) => containerOf(workload).image.replace("registry.example.com/games/leaderboard-", ""))
        .sort();
    const { version } = packageJson;
    expect(imagesOf()).toEqual([`drainer:${version}`, `gateway:${version}`, `ranker:${version}`]);
    expect(imagesOf("--set", "image.tag=9.0.0", "--set", "image.tags.ranker=8.0.0")).toEqual([
      "drainer:9.0.0",
      "gateway:9.0.0",
      "ranker:8.0.0",
    ]);
  });

  const refusals: [string, Shape, string[], RegExp][] = [
    ["a secret among the variables", "managed", ["--set", "config.JWT_SECRET=x"], /no place for secrets/],
    [
      "an address among the variables",
      "managed",
      ["--set", "ranker.config.REDIS_URL_EU=redis://x"],
      /no place for secrets/,
    ],
    ["a variable that it sets itself", "managed", ["--set", "config.PARTITIONS=2"], /which the chart sets/],
    ["no store", "four-regions", ["--set", "redis.url="], /set redis\.url or redis\.existingSecret/],
    [
      "no secret for tokens",
      "four-regions",
      ["--set", "tokens.secret="],
      /set tokens\.secret or tokens\.existingSecret/,
    ],
    ["a short secret for tokens", "four-regions", ["--set", "tokens.secret=short"], /tokens.*secret/s],
    ["a store of a region that is not one", "four-regions", ["--set", "redis.urls.SA=redis://x:1"], /regions does not/],
    ["stores for a trial beside others", "four-regions", ["--set", "trialStores.enabled=true"], /exclude each other/],
    ["an Ingress without a host", "managed", ["--set", "ingress.host="], /set ingress\.host/],
    ["a name that it does not know", "managed", ["--set", "gateway.replica=3"], /replica/],
    [
      "guests by a boolean, as YAML reads an unquoted off",
      "managed",
      ["--set", "ranker.config.GUESTS=false"],
      /GUESTS/,
    ],
    ["a public address that is none", "managed", ["--set", "gateway.config.PUBLIC_URL=scores"], /PUBLIC_URL/],
    ["a maximum below the minimum", "managed", ["--set", "ranker.autoscaling.max=2"], /must not be less than min/],
  ];
  test.each(refusals)("refuses %s", (_, shape, more, why) => {
    expect(() => render(shape, ...more)).toThrow(why);
  });

  test("writes large numbers of a file of values with all their digits", async () => {
    const values = join(await scratchDir(), "values.yaml");
    await Bun.write(values, "ranker: {config: {QUEUE_MAX: 10000000}}\nconfig: {OTEL_TRACES_SAMPLER_ARG: 0.25}\n");
    const { data } = render("managed", "--values", values).find(
      ({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith("-ranker"),
    ) as Resource;
    expect(data).toMatchObject({
      QUEUE_MAX: "10000000",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
      JWT_SESSION_SECONDS: "7776000",
    });
  });

  test("restarts the pods that read a changed variable or secret, and no others", () => {
    const sums = (resources: Resource[]) =>
      Object.fromEntries(
        resources
          .filter(({ spec }) => spec?.template !== undefined)
          .map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec?.template?.metadata)]),
      );
    const changed = (...more: string[]) => {
      const [before, after] = [sums(render("four-regions")), sums(render("four-regions", ...more))];
      return Object.keys(before).filter((name) => before[name] !== after[name]);
    };
    expect(changed("--set", "ranker.config.QUEUE_MAX=5000")).toEqual(["games-leaderboard-ranker"]);
    expect(changed("--set", "tokens.previousSecret=")).toEqual([
      "games-leaderboard-gateway",
      "games-leaderboard-ranker",
    ]);
    expect(changed("--set", "config.LOG_LEVEL=debug")).toHaveLength(3);
    expect(changed("--set", "postgres.url=postgres://other/x")).toEqual([
      "games-leaderboard-drainer",
      "games-leaderboard-ranker",
    ]);
  });

  test("gives the Prometheus operator all alerts, and scrapes each service under its own job", async () => {
    const resources = render("managed");
    const alerts = Bun.YAML.parse(await Bun.file(join(import.meta.dir, "../prometheus/alerts.yml")).text());
    const rule = resources.find(({ kind }) => kind === "PrometheusRule");
    expect(rule?.spec).toEqual(alerts as object);
    const monitor = resources.find(({ kind }) => kind === "ServiceMonitor");
    const { matchLabels = {} } = (monitor?.spec?.selector ?? {}) as { matchLabels?: Record<string, string> };
    const scraped = resources.filter(
      ({ kind, metadata }) =>
        kind === "Service" && Object.entries(matchLabels).every(([key, value]) => metadata.labels?.[key] === value),
    );
    // Alerts of processes that are down know ours by "leaderboard" in the job.
    expect(scraped.map(({ metadata }) => metadata.labels?.[monitor?.spec?.jobLabel ?? ""]).sort()).toEqual([
      "games-leaderboard-drainer",
      "games-leaderboard-gateway",
      "games-leaderboard-ranker",
    ]);
    expect(scraped.flatMap(({ spec }) => spec?.ports?.map(({ targetPort }) => targetPort))).toEqual([
      "metrics",
      "metrics",
      "metrics",
    ]);
  });

  test("links its alerts to the page of an operator's own where it is told one", () => {
    const runbooks = "https://wiki.example/leaderboard";
    const text = renderText("managed", "--set", `prometheusRule.runbooks=${runbooks}`);
    const links = [...text.matchAll(/runbook_url: (\S+)#\w+$/gm)].map(([, link]) => link);
    expect([links.length > 20, new Set(links)]).toEqual([true, new Set([runbooks])]);
  });

  test("packs the files that it shares with Compose, and renders the same from its package", async () => {
    const dir = await scratchDir();
    runHelm(["package", CHART_DIR, "--destination", dir]);
    for (const shape of SHAPES) {
      const values = ["--values", valuesOf(shape), "--kube-version", "1.37.0"];
      const packed = runHelm(["template", "games", join(dir, `leaderboard-${packageJson.version}.tgz`), ...values]);
      expect(packed).toBe(renderText(shape));
    }
    await rm(dir, { recursive: true });
    for (const part of ["map $request_uri $is_ambiguous", "GatewayDown"]) expect(renderText("managed")).toInclude(part);
    expect(renderText("one-region")).toInclude("appendfsync always");
  });
});
