import { describe, expect, test } from "bun:test";
import { SHUTDOWN_DEADLINE_MS } from "shared/service/service";
import { forFile } from "testing/for-file";
import { scratchStores } from "testing/scratch";
import { startService } from "testing/services/service-under-test";
import { drainerFields, loadDrainerConfig } from "../../../drainer/src/config.ts";
import { gatewayFields, loadGatewayConfig } from "../../../gateway/src/config.ts";
import { loadRankerConfig, rankerFields } from "../../../ranker/src/config.ts";
import { containerOf, environmentOf, find, podOf, type Resource, workloadsOf } from "./manifests.ts";
import { helm, render, SHAPES, type Shape } from "./render.ts";

const rendered = new Map<Shape, Resource[]>(SHAPES.map((shape) => [shape, render(shape)]));
const resourcesOf = (shape: Shape) => rendered.get(shape) ?? [];

/** What the Secrets of an operator's own hold, which the shape "managed" names. */
const OWN_SECRETS = {
  "leaderboard-redis": { REDIS_URL: "rediss://redis.example.com:6380" },
  "leaderboard-postgres": { POSTGRES_URL: "postgres://u:p@postgres.example.com/leaderboard?sslmode=verify-full" },
  "leaderboard-tokens": { JWT_SECRET: "x".repeat(48) },
};

const RANKER_DEFAULTS = { REDIS_URL: "redis://127.0.0.1:6379", JWT_SECRET: "x".repeat(48) };

const SERVICES = {
  gateway: { kind: "Deployment", fields: gatewayFields, load: loadGatewayConfig, port: 4000 },
  ranker: { kind: "StatefulSet", fields: rankerFields, load: loadRankerConfig, port: 5000 },
  drainer: { kind: "Deployment", fields: drainerFields, load: loadDrainerConfig, port: 6060 },
} as const;

type Service = keyof typeof SERVICES;

const names = Object.keys(SERVICES) as Service[];
const workloadOf = (shape: Shape, name: Service) => {
  const workload = find(resourcesOf(shape), SERVICES[name].kind, name);
  if (workload === undefined) throw new Error(`${shape} has no ${name}`);
  return workload;
};
const variablesOf = (shape: Shape, name: Service) =>
  environmentOf(resourcesOf(shape), containerOf(workloadOf(shape, name)), OWN_SECRETS);
const probesOf = (workload: Resource) => {
  const { startupProbe, livenessProbe, readinessProbe } = containerOf(workload);
  return [startupProbe, livenessProbe, readinessProbe];
};

const stores = await forFile(scratchStores());
const cells = SHAPES.flatMap((shape) => names.map((name) => [shape, name] as const));

describe.skipIf(helm === undefined).each(cells)("in the shape %s the %s", (shape, name) => {
  const { fields, load, port } = SERVICES[name];

  test("starts with the variables of its manifest, and reads each of them", () => {
    const environment = variablesOf(shape, name);
    const isRead = (variable: string) =>
      variable in fields || /^(REDIS|POSTGRES)_URL_[A-Z]+$/.test(variable) || variable.startsWith("BUN_");
    expect(Object.keys(environment).filter((variable) => !isRead(variable))).toEqual([]);
    expect(load(environment)).toMatchObject({ storeChecks: { isProduction: true }, host: "0.0.0.0" });
  });

  test("listens on the ports that its manifest and probes name", () => {
    const workload = workloadOf(shape, name);
    const config = load(variablesOf(shape, name));
    expect([config.port, containerOf(workload).ports]).toEqual([
      port,
      [
        { name: "http", containerPort: port },
        { name: "metrics", containerPort: config.metricsPort ?? 0 },
      ],
    ]);
    expect(probesOf(workload).map((probe) => probe?.httpGet?.port)).toEqual(["http", "http", "http"]);
  });

  test("has a grace period longer than its shutdown", () => {
    const workload = workloadOf(shape, name);
    const preStopSeconds = containerOf(workload).lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(podOf(workload).terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + SHUTDOWN_DEADLINE_MS / 1000);
  });

  test("is spread over zones and nodes, and maintenance evicts one pod at a time", () => {
    const workload = workloadOf(shape, name);
    const selector = {
      matchLabels: {
        "app.kubernetes.io/name": "leaderboard",
        "app.kubernetes.io/instance": "games",
        "app.kubernetes.io/component": name,
      },
    };
    expect(podOf(workload).topologySpreadConstraints).toMatchObject([
      { topologyKey: "topology.kubernetes.io/zone", labelSelector: selector },
      { topologyKey: "kubernetes.io/hostname", labelSelector: selector },
    ]);
    expect(find(resourcesOf(shape), "PodDisruptionBudget", name)?.spec).toMatchObject({ maxUnavailable: 1, selector });
    expect([workload.spec?.selector]).toMatchObject([selector]);
    expect(workload.spec?.template?.metadata.labels).toMatchObject(selector.matchLabels);
  });

  test("has a fixed number of pods only if it has no autoscaler", () => {
    const { kind, metadata, spec } = workloadOf(shape, name);
    const autoscaler = find(resourcesOf(shape), "HorizontalPodAutoscaler", name)?.spec;
    expect(spec?.replicas === undefined).toBe(autoscaler !== undefined);
    if (autoscaler) expect(autoscaler.scaleTargetRef).toMatchObject({ kind, name: metadata.name });
  });
});

test.skipIf(helm === undefined).each(names)(
  "the %s answers every probe with its environment",
  async (name) => {
    const stub = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const ofChart = Object.entries(variablesOf("four-regions", name)).filter(
      ([key]) => !/_URL(_|S?$)|^PARTITIONS$/.test(key),
    );
    const service = await startService(name, {
      ...Object.fromEntries(ofChart),
      HOST: "127.0.0.1",
      ...stores.env,
      LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${stub.port}`,
    });
    for (const probe of probesOf(workloadOf("four-regions", name))) {
      expect((await fetch(service.url + probe?.httpGet?.path)).status).toBe(200);
    }
    await service.stop();
    await stub.stop(true);
  },
  30_000,
);

describe.skipIf(helm === undefined).each(SHAPES)("in the shape %s", (shape) => {
  test("a gateway has the URL of every ranker that there may be", () => {
    const { rankerUrls } = loadGatewayConfig(variablesOf(shape, "gateway"));
    const ranker = workloadOf(shape, "ranker");
    const autoscaler = find(resourcesOf(shape), "HorizontalPodAutoscaler", "ranker")?.spec;
    const count = autoscaler?.maxReplicas ?? ranker.spec?.replicas ?? 0;
    const service = find(resourcesOf(shape), "Service", "ranker");
    const { name } = ranker.metadata;
    expect([ranker.spec?.serviceName, service?.metadata.name, service?.spec?.clusterIP]).toEqual([name, name, "None"]);
    expect(rankerUrls).toEqual(
      Array.from({ length: count }, (_, index) => `http://${name}-${index}.${name}:${SERVICES.ranker.port}`),
    );
  });

  test("a gateway finds a restarted ranker's new address before the next ranker restarts", () => {
    const rememberedSeconds = Number(variablesOf(shape, "gateway").BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS);
    const clusterDnsSeconds = 5;
    expect(workloadOf(shape, "ranker").spec?.minReadySeconds).toBeGreaterThan(rememberedSeconds + clusterDnsSeconds);
  });

  test("all pods run without root or capabilities, with a read-only file system and a memory limit", () => {
    const workloads = workloadsOf(resourcesOf(shape));
    expect(workloads.length).toBeGreaterThanOrEqual(names.length);
    for (const workload of workloads) {
      const pod = podOf(workload);
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(pod.securityContext?.runAsUser).toBeGreaterThan(0);
      for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(container.resources).toMatchObject({
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
      }
    }
  });
});

test.skipIf(helm === undefined)("regions with stores of their own get them, in gateway, ranker and drainer", () => {
  const { redisUrlByRegion, postgresUrlByRegion } = loadDrainerConfig(variablesOf("four-regions", "drainer"));
  const hosts = (urls: ReadonlyMap<string, string>) =>
    [...urls].map(([region, url]) => [region, new URL(url).hostname]);
  expect(hosts(postgresUrlByRegion)).toEqual([
    ["GLOBAL", "postgres-home"],
    ["ASIA", "postgres-asia"],
    ["EU", "postgres-eu"],
    ["NA", "postgres-na"],
  ]);
  expect([...redisUrlByRegion.keys()]).toEqual(expect.arrayContaining(["ASIA", "EU", "NA"]));
  for (const load of [
    () => loadGatewayConfig(variablesOf("four-regions", "gateway")),
    () => loadRankerConfig(variablesOf("four-regions", "ranker")),
  ]) {
    expect(load().redisUrlByRegion).toEqual(redisUrlByRegion);
  }
});

test.skipIf(helm === undefined)("players, their sessions and the public address are set by the values", () => {
  const { guestsOpen, sessionSecondsMax, nameLimit } = loadRankerConfig(variablesOf("four-regions", "ranker"));
  const { sessionSecondsMax: sessionSeconds, nameLimit: names } = loadRankerConfig(RANKER_DEFAULTS);
  expect([guestsOpen, sessionSecondsMax, nameLimit]).toEqual([true, sessionSeconds, names]);
  expect(loadGatewayConfig(variablesOf("four-regions", "gateway")).publicUrl).toBeUndefined();
  expect(loadGatewayConfig(variablesOf("managed", "gateway")).publicUrl).toBe("https://leaderboard.example.com");

  const sets = ["ranker.config.GUESTS=off", "gateway.config.PUBLIC_URL=https://scores.example.org/lb"];
  const changed = render("managed", ...sets.flatMap((set) => ["--set", set]));
  const variables = (kind: string, name: Service) =>
    environmentOf(changed, containerOf(find(changed, kind, name) as Resource), OWN_SECRETS);
  expect(loadRankerConfig(variables("StatefulSet", "ranker")).guestsOpen).toBe(false);
  expect(loadGatewayConfig(variables("Deployment", "gateway")).publicUrl).toBe("https://scores.example.org/lb");
});

test.skipIf(helm === undefined)("commands of lb are a CronJob with a schedule, and a hook of Helm without", () => {
  const resources = resourcesOf("managed");
  const [cron, once] = [find(resources, "CronJob", "lb-reconcile"), find(resources, "Job", "lb-look")];
  const argsOf = (workload: Resource | undefined) => workload && containerOf(workload).args;
  expect([argsOf(cron), argsOf(once)]).toEqual([
    ["reconcile", "--json"],
    ["top", "--json"],
  ]);
  expect(once?.metadata.annotations?.["helm.sh/hook"]).toBe("post-install,post-upgrade");
  const environment = environmentOf(resources, containerOf(cron as Resource), OWN_SECRETS);
  expect(loadDrainerConfig(environment)).toMatchObject({ storeChecks: { isReplicated: true } });
  expect(environment.JWT_SECRET).toBeDefined();
});
