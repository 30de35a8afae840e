import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { createTopology } from "shared/model/regions";
import { SHUTDOWN_DEADLINE_MS } from "shared/service/service";
import { forFile } from "testing/for-file";
import { announceSkipped } from "testing/installed";
import { scratchStores } from "testing/scratch";
import { startService } from "testing/services/service-under-test";
import { drainerFields, loadDrainerConfig } from "../../../drainer/src/config.ts";
import { gatewayFields, loadGatewayConfig } from "../../../gateway/src/config.ts";
import { buildPage } from "../../../gateway/src/site/page.ts";
import { loadRankerConfig, rankerFields } from "../../../ranker/src/config.ts";
import { BEAT_INTERVAL_MS } from "../../../ranker/src/live/live.ts";
import {
  type Container,
  parseManifests,
  type Resource,
  readKustomization,
  readManifests,
  toEnvironment,
} from "./manifests.ts";

const tools = {
  kustomize: Bun.which("kustomize"),
  kubectl: Bun.which("kubectl"),
  kubeconform: Bun.which("kubeconform"),
};
const builder = tools.kustomize ? [tools.kustomize, "build"] : tools.kubectl ? [tools.kubectl, "kustomize"] : undefined;
const schemas = process.env.KUBECONFORM_SCHEMAS;
const hasSchemas = tools.kubeconform !== null && (schemas !== undefined || (await servesSchemas()));
if (builder === undefined) announceSkipped("neither kustomize nor kubectl is installed: no manifest was built");
else if (tools.kubeconform === null) announceSkipped("kubeconform is not installed: no manifest was validated");
else if (!hasSchemas) announceSkipped("no schemas: set KUBECONFORM_SCHEMAS to validate the manifests without GitHub");

/** Whether kubeconform can reach its default schemas. */
async function servesSchemas(): Promise<boolean> {
  const where = "https://raw.githubusercontent.com/yannh/kubernetes-json-schema/master/master-standalone-strict";
  const signal = AbortSignal.timeout(5_000);
  return fetch(`${where}/service-v1.json`, { method: "HEAD", signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}

const infra = join(import.meta.dir, "..");
const baseDir = join(import.meta.dir, "base");
const exampleDir = join(import.meta.dir, "overlays/example");
const [base, example, baseKustomization, exampleKustomization] = await Promise.all([
  readManifests(baseDir),
  readManifests(exampleDir),
  readKustomization(baseDir),
  readKustomization(exampleDir),
]);

/** A copy, so that make-secrets.sh writes nothing into the repository. */
const copy = mkdtempSync(join(tmpdir(), "leaderboard-k8s-"));
const secretsDir = join(copy, "k8s/overlays/example/secrets");
for (const folder of ["k8s", "redis", "postgres-init"]) {
  cpSync(join(infra, folder), join(copy, folder), {
    recursive: true,
    filter: (path) => !path.includes("example/secrets"),
  });
}
const makeSecrets = () => Bun.spawnSync([join(copy, "k8s/overlays/example/make-secrets.sh")]);
makeSecrets();
afterAll(() => rmSync(copy, { recursive: true }));

const workloads = (resources: readonly Resource[]) => resources.filter(({ spec }) => spec?.template !== undefined);
const named = (kind: string, name: string) => base.find((each) => each.kind === kind && each.metadata.name === name);
const podOf = ({ metadata, spec }: Resource) => {
  const pod = spec?.template?.spec;
  if (pod === undefined) throw new Error(`${metadata.name} has no pods`);
  return pod;
};
const containerOf = (workload: Resource) => podOf(workload).containers[0] as Container;

/** The environment that the kustomizations give to a container. */
async function environmentOf(container: Container): Promise<Record<string, string>> {
  const lines: string[] = [];
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    const generators = [baseKustomization, exampleKustomization].flatMap((each) => each.configMapGenerator ?? []);
    const maps = generators.filter(({ name }) => name === configMapRef?.name);
    const secret = exampleKustomization.secretGenerator?.find(({ name }) => name === secretRef?.name);
    if (maps.length === 0 && secret === undefined) throw new Error(`${container.name} names what is not there`);
    lines.push(...maps.flatMap(({ literals = [] }) => literals));
    for (const file of secret?.envs ?? []) {
      lines.push(...(await Bun.file(join(secretsDir, "..", file)).text()).split("\n"));
    }
  }
  return toEnvironment(lines);
}

const SERVICES = {
  gateway: { fields: gatewayFields, load: loadGatewayConfig, scales: true },
  ranker: { fields: rankerFields, load: loadRankerConfig, scales: true },
  drainer: { fields: drainerFields, load: loadDrainerConfig, scales: false },
} as const;

const stores = await forFile(scratchStores());

describe.each(["gateway", "ranker", "drainer"] as const)("the %s", (name) => {
  const { fields, load, scales } = SERVICES[name];
  const workload = workloads(base).find(({ metadata }) => metadata.name === name) as Resource;
  const container = containerOf(workload);

  test("starts with the variables of its manifest, and reads each of them", async () => {
    const environment = await environmentOf(container);
    const isRead = (variable: string) =>
      variable in fields || /^(REDIS|POSTGRES)_URL_[A-Z]+$/.test(variable) || variable.startsWith("BUN_");
    expect(Object.keys(environment).filter((variable) => !isRead(variable))).toEqual([]);
    expect(load(environment)).toMatchObject({ storeChecks: { isProduction: true }, host: "0.0.0.0" });
  });

  test("listens on the ports that its manifest and probes name", async () => {
    const { port, metricsPort } = load(await environmentOf(container));
    expect(container.ports).toEqual([
      { name: "http", containerPort: port },
      { name: "metrics", containerPort: metricsPort ?? 0 },
    ]);
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet?.port)).toEqual(["http", "http", "http"]);
  });

  test("answers every probe with that environment", async () => {
    const stub = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const ofExample = Object.entries(await environmentOf(container)).filter(([key]) => !/_URL(_|S?$)/.test(key));
    const service = await startService(name, {
      ...Object.fromEntries(ofExample),
      HOST: "127.0.0.1",
      ...stores.env,
      LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${stub.port}`,
    });
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect((await fetch(service.url + probe?.httpGet?.path)).status).toBe(200);
    }
    await service.stop();
    await stub.stop(true);
  }, 30_000);

  test("has a grace period longer than its shutdown", () => {
    const { terminationGracePeriodSeconds } = podOf(workload);
    const preStopSeconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    expect(terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + SHUTDOWN_DEADLINE_MS / 1000);
  });

  test("is spread over zones and nodes, and maintenance evicts one pod at a time", () => {
    const { topologySpreadConstraints = [] } = podOf(workload);
    const selector = { matchLabels: { "app.kubernetes.io/name": name } };
    expect(topologySpreadConstraints).toMatchObject([
      { topologyKey: "topology.kubernetes.io/zone", labelSelector: selector },
      { topologyKey: "kubernetes.io/hostname", labelSelector: selector },
    ]);
    expect(named("PodDisruptionBudget", name)?.spec).toMatchObject({ maxUnavailable: 1, selector });
    expect([workload.spec?.selector, workload.spec?.template?.metadata.labels]).toMatchObject([
      selector,
      selector.matchLabels,
    ]);
  });

  test("has a fixed number of pods only if it has no autoscaler", () => {
    const autoscaler = named("HorizontalPodAutoscaler", name)?.spec;
    expect([autoscaler !== undefined, workload.spec?.replicas === undefined]).toEqual([scales, scales]);
    if (scales) expect(autoscaler?.scaleTargetRef).toMatchObject({ kind: workload.kind, name });
  });
});

test.each(workloads([...base, ...example]).map((each) => [each.metadata.name, each] as const))(
  "pods of %s run without root or capabilities, with a read-only file system and a memory limit",
  (_, workload) => {
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
  },
);

describe("a gateway", () => {
  const ranker = named("StatefulSet", "ranker");
  const service = named("Service", "ranker")?.spec;

  test("has the URL of every ranker that the autoscaler may start", async () => {
    const { rankerUrls } = loadGatewayConfig(
      await environmentOf(containerOf(named("Deployment", "gateway") as Resource)),
    );
    const count = named("HorizontalPodAutoscaler", "ranker")?.spec?.maxReplicas ?? 0;
    const port = containerOf(ranker as Resource).ports[0]?.containerPort;
    const names = Array.from({ length: count }, (_, index) => `http://ranker-${index}.ranker:${port}`);
    expect([rankerUrls, ranker?.spec?.serviceName, service?.clusterIP]).toEqual([names, "ranker", "None"]);
  });

  test("finds a restarted ranker's new address before the next ranker restarts", async () => {
    const environment = await environmentOf(containerOf(named("Deployment", "gateway") as Resource));
    const rememberedSeconds = Number(environment.BUN_CONFIG_DNS_TIME_TO_LIVE_SECONDS);
    const clusterDnsSeconds = 5;
    expect(ranker?.spec?.minReadySeconds).toBeGreaterThan(rememberedSeconds + clusterDnsSeconds);
  });

  const ingresses = example.filter(({ kind }) => kind === "Ingress");
  const paths = ingresses.flatMap(({ spec }) => spec?.rules?.[0]?.http.paths ?? []);
  const reaches = (url: string) =>
    paths.some(({ path, pathType }) => url === path || (pathType === "Prefix" && url.startsWith(`${path}/`)));

  test("is reachable from outside by every public route, page and document, and not by metrics or what is below /players", async () => {
    const all = Object.values<Operation>(gatewayOperations(createTopology(["GLOBAL"], 1, ["main"])));
    const pathOf = ({ path }: { path: string }) => path.replace(/:\w+/, "ada");
    const acts = all.filter(({ tag, path }) => tag === "operators" || path.startsWith("/players/")).map(pathOf);
    const inside = ["/metrics", "/health", "/ready", ...acts];
    const page = await buildPage({ regions: ["GLOBAL"], registrationOpen: true });
    const needed = [...all.map(pathOf), ...page.map(pathOf), "/docs", "/docs/start.js"].filter(
      (url) => !inside.includes(url),
    );
    expect(needed.length).toBeGreaterThan(12);
    expect(needed.filter((url) => !reaches(url))).toEqual([]);
    expect([acts.length > 0, ...inside.filter(reaches)]).toEqual([true]);
    expect(new Set(ingresses.map(({ spec }) => spec?.rules?.[0]?.host)).size).toBe(1);
  });

  test("has an ingress that does not buffer streams, nor end them between two heartbeats", () => {
    const streams = ingresses.find(({ spec }) => spec?.rules?.[0]?.http.paths[0]?.path === "/live");
    const { annotations = {} } = streams?.metadata ?? {};
    expect(annotations["nginx.ingress.kubernetes.io/proxy-buffering"]).toBe("off");
    const seconds = Number(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]);
    expect(seconds * 1000).toBeGreaterThanOrEqual(2 * BEAT_INTERVAL_MS);
  });
});

describe("the network", () => {
  const policyOf = (name: string) => named("NetworkPolicy", name)?.spec;

  test("denies all traffic that no policy allows, and every policy names ports", () => {
    expect(policyOf("default-deny")).toEqual({
      podSelector: { matchLabels: { "app.kubernetes.io/part-of": "leaderboard" } },
      policyTypes: ["Ingress", "Egress"],
    });
    for (const { spec } of base.filter(({ kind }) => kind === "NetworkPolicy")) {
      for (const { ports } of [...(spec?.ingress ?? []), ...(spec?.egress ?? [])])
        expect(ports.length).toBeGreaterThan(0);
    }
  });

  test("lets only gateways reach rankers, and each service reach its own stores", () => {
    const pods = (name: string) => [{ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } }];
    const http = [{ protocol: "TCP", port: "http" }];
    const tcp = (...ports: number[]) => ({ ports: ports.map((port) => ({ protocol: "TCP", port })) });
    expect(policyOf("ranker")).toMatchObject({
      ingress: [{ from: pods("gateway"), ports: http }],
      egress: [tcp(6379, 5432)],
    });
    expect(policyOf("gateway")).toMatchObject({ egress: [{ to: pods("ranker"), ...tcp(5000) }, tcp(6379)] });
    expect(policyOf("metrics")?.ingress).toMatchObject([
      {
        from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
        ports: [{ protocol: "TCP", port: "metrics" }],
      },
    ]);
    for (const name of ["gateway", "ranker"]) {
      expect(named("Service", name)?.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(["http"]);
    }
    expect(policyOf("drainer")).toMatchObject({ policyTypes: ["Egress"], egress: [tcp(6379, 5432)] });
  });
});

describe("the secrets of the example", () => {
  test("come from private files outside git, which make-secrets.sh does not overwrite", async () => {
    const { secretGenerator = [] } = exampleKustomization;
    const files = secretGenerator.flatMap(({ envs = [] }) => envs);
    expect(files.sort()).toEqual(
      readdirSync(secretsDir)
        .map((file) => `secrets/${file}`)
        .sort(),
    );
    expect(secretGenerator.flatMap(({ literals = [], files: more = [] }) => [...literals, ...more])).toEqual([]);
    expect((await Bun.file(join(exampleDir, ".gitignore")).text()).split("\n")).toContain("secrets/");
    const read = () => Promise.all(files.map((file) => Bun.file(join(secretsDir, "..", file)).text()));
    const before = await read();
    expect(makeSecrets().exitCode).toBe(0);
    expect(await read()).toEqual(before);
    for (const file of files) expect(statSync(join(secretsDir, "..", file)).mode & 0o077).toBe(0);
  });
});

/** @throws Error with the output of the command */
function run(command: string[], input?: string): string {
  const child = Bun.spawnSync(command, { stdin: input === undefined ? "ignore" : Buffer.from(input) });
  if (child.exitCode !== 0) throw new Error(`${command.join(" ")}\n${child.stdout}${child.stderr}`);
  return child.stdout.toString();
}

describe.skipIf(builder === undefined).each([
  ["base", join(copy, "k8s/base")],
  ["example", join(copy, "k8s/overlays/example")],
])("%s, built by kustomize", (name, dir) => {
  const text = builder === undefined ? "" : run([...builder, dir]);
  const built = parseManifests(text);

  test("contains every ConfigMap that its pods name, and in the example every Secret", () => {
    const namesOf = (kind: string) => built.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
    const sources = workloads(built).flatMap((each) => containerOf(each).envFrom ?? []);
    const [maps, secrets] = [namesOf("ConfigMap"), namesOf("Secret")];
    for (const { configMapRef } of sources) if (configMapRef) expect(maps).toContain(configMapRef.name);
    for (const { secretRef } of sources) {
      if (secretRef)
        expect([secretRef.name, secrets.includes(secretRef.name)]).toEqual([secretRef.name, name === "example"]);
    }
    expect(workloads(built).map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(Object.keys(SERVICES)),
    );
  });

  test.skipIf(!hasSchemas)(
    "passes kubeconform -strict",
    () => {
      const location = schemas === undefined ? [] : ["-schema-location", schemas];
      run([tools.kubeconform ?? "", "-strict", ...location], text);
    },
    120_000,
  );
});

test.skipIf(builder === undefined)("no service of the example may send traffic to every address", () => {
  const built = parseManifests(run([...(builder ?? []), join(copy, "k8s/overlays/example")]));
  const open = built
    .filter(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name in SERVICES)
    .flatMap(({ spec }) => spec?.egress ?? [])
    .filter(({ to }) => to === undefined);
  expect(open).toEqual([]);
});
