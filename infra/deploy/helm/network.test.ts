import { describe, expect, test } from "bun:test";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { createTopology } from "shared/model/regions";
import { buildPage } from "../../../gateway/src/site/page.ts";
import { BEAT_INTERVAL_MS } from "../../../ranker/src/live/live.ts";
import { find, type Resource } from "./manifests.ts";
import { helm, render } from "./render.ts";

const oneRegion = render("one-region");
const fourRegions = render("four-regions");
const managed = render("managed");

describe.skipIf(helm === undefined)("the ingress", () => {
  const ingresses = managed.filter(({ kind }) => kind === "Ingress");
  const pathsOf = (resources: readonly Resource[]) =>
    resources.filter(({ kind }) => kind === "Ingress").flatMap(({ spec }) => spec?.rules?.[0]?.http.paths ?? []);
  const paths = pathsOf(render("managed", "--set-json", "ingress.extraPaths=[]"));
  const reaches = (url: string) =>
    paths.some(({ path, pathType }) => url === path || (pathType === "Prefix" && url.startsWith(`${path}/`)));

  test("has every public route, page and document, and neither metrics nor what is below /players", async () => {
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
  });

  test("has the paths that a cluster adds, one host, and its certificate", () => {
    expect(pathsOf(managed)).toContainEqual(expect.objectContaining({ path: "/scores", pathType: "Exact" }));
    expect(ingresses.map(({ spec }) => spec?.rules?.[0]?.host)).toEqual(Array(2).fill("leaderboard.example.com"));
    for (const { spec } of ingresses) expect(spec).toMatchObject({ tls: [{ secretName: "leaderboard-certificate" }] });
  });

  test("does not buffer streams, nor end them between two heartbeats", () => {
    const streams = ingresses.find(({ spec }) => spec?.rules?.[0]?.http.paths[0]?.path === "/live");
    const { annotations = {} } = streams?.metadata ?? {};
    expect(annotations["nginx.ingress.kubernetes.io/proxy-buffering"]).toBe("off");
    const seconds = Number(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]);
    expect(seconds * 1000).toBeGreaterThanOrEqual(2 * BEAT_INTERVAL_MS);
    expect(annotations["cert-manager.io/cluster-issuer"]).toBe("letsencrypt");
  });
});

describe.skipIf(helm === undefined)("the network", () => {
  const pods = (component: string) => ({
    podSelector: {
      matchLabels: {
        "app.kubernetes.io/name": "leaderboard",
        "app.kubernetes.io/instance": "games",
        "app.kubernetes.io/component": component,
      },
    },
  });
  const policyOf = (resources: readonly Resource[], name: string) => find(resources, "NetworkPolicy", name)?.spec;
  const tcp = (...ports: (number | string)[]) => ports.map((port) => ({ protocol: "TCP", port }));

  test("denies all traffic that no policy allows, and every rule names ports", () => {
    for (const resources of [oneRegion, fourRegions, managed]) {
      expect(policyOf(resources, "default-deny")).toEqual({
        podSelector: {
          matchLabels: { "app.kubernetes.io/part-of": "leaderboard", "app.kubernetes.io/instance": "games" },
        },
        policyTypes: ["Ingress", "Egress"],
      });
      for (const { spec } of resources.filter(({ kind }) => kind === "NetworkPolicy")) {
        for (const { ports } of [...(spec?.ingress ?? []), ...(spec?.egress ?? [])])
          expect(ports.length).toBeGreaterThan(0);
      }
    }
  });

  test("lets only gateways reach rankers, Prometheus the metrics, and each service its own stores", () => {
    const [redis, postgres] = [{ ports: tcp(6379) }, { ports: tcp(5432) }];
    expect(policyOf(fourRegions, "ranker")).toMatchObject({
      ingress: [{ from: [pods("gateway")], ports: tcp("http") }],
      egress: [redis, postgres],
    });
    expect(policyOf(fourRegions, "gateway")?.egress).toEqual([{ to: [pods("ranker")], ports: tcp(5000) }, redis]);
    expect(policyOf(fourRegions, "drainer")).toMatchObject({ policyTypes: ["Egress"], egress: [redis, postgres] });
    expect(policyOf(fourRegions, "metrics")?.ingress).toMatchObject([
      {
        from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
        ports: tcp("metrics"),
      },
    ]);
    for (const name of ["gateway", "ranker"]) {
      expect(find(managed, "Service", name)?.spec?.ports?.map(({ targetPort }) => targetPort)).toEqual(["http"]);
    }
  });

  test("lets services send only to the stores of a trial", () => {
    const [redis, postgres] = [
      { to: [pods("redis")], ports: tcp(6379) },
      { to: [pods("postgres")], ports: tcp(5432) },
    ];
    expect(["gateway", "ranker", "drainer"].map((name) => policyOf(oneRegion, name)?.egress)).toEqual([
      [{ to: [pods("ranker")], ports: tcp(5000) }, redis],
      [redis, postgres],
      [redis, postgres],
    ]);
    for (const store of ["redis", "postgres"]) expect(policyOf(oneRegion, store)?.ingress).toHaveLength(1);
  });

  test("opens ports and addresses of managed stores, an identity provider's for gateway and ranker, and a collector's", () => {
    const [redis, postgres] = [
      { to: [{ ipBlock: { cidr: "10.1.0.0/16" } }], ports: tcp(6380) },
      { to: [{ ipBlock: { cidr: "10.2.0.0/16" } }], ports: tcp(5432) },
    ];
    const [provider, collector] = [{ ports: tcp(443) }, { ports: tcp(4318) }];
    expect(["gateway", "ranker", "drainer"].map((name) => policyOf(managed, name)?.egress)).toEqual([
      [{ to: [pods("ranker")], ports: tcp(5000) }, redis, provider, collector],
      [redis, postgres, provider, collector],
      [redis, postgres, collector],
    ]);
  });

  test("is open where a cluster turns the policies off", () => {
    const open = render("managed", "--set", "networkPolicies.enabled=false");
    expect(open.filter(({ kind }) => kind === "NetworkPolicy")).toEqual([]);
  });
});
