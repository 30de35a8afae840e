import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DCLinter } from "dclint";
import { loadDrainerConfig } from "../drainer/src/config.ts";
import { loadGatewayConfig } from "../gateway/src/config.ts";
import { loadRankerConfig } from "../ranker/src/config.ts";

const root = join(import.meta.dir, "..");
const file = join(root, "docker-compose.yml");

interface Service {
  image?: string;
  build?: { dockerfile: string };
  environment?: Record<string, string | number>;
  ports?: string[];
  profiles?: string[];
  volumes?: string[];
  healthcheck?: object;
  depends_on?: Record<string, { condition: string }>;
}

const compose = Bun.YAML.parse(await Bun.file(file).text()) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const named = (prefix: string) => services.filter(([name]) => name.startsWith(prefix));

const secrets: Record<string, string> = { JWT_SECRET: "x".repeat(48), POSTGRES_PASSWORD: "secret" };

/** `${NAME:?why}` and `${NAME:-default}`, as Compose fills them in. */
const interpolate = (value: string) =>
  value.replaceAll(/\$\{([A-Z_]+)(?::([?-])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
    const filled = secrets[name] ?? (kind === "-" ? rest : undefined);
    if (filled === undefined) throw new Error(`${name} is not set`);
    return filled;
  });

const environmentOf = ({ environment = {} }: Service) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolate(String(value))]));

test("the file follows the Compose schema", () => {
  const orders = ["service-keys-order", "services-alphabetical-order", "top-level-properties-order"];
  const off = Object.fromEntries([...orders, "require-quotes-in-ports"].map((rule) => [rule, 0 as const]));
  const linter = new DCLinter({ rules: off, quiet: false, debug: false, exclude: [] });
  const results = linter.lintFiles([file], false);
  expect(results.map(({ messages }) => messages)).toEqual([[]]);
});

test("three rankers, three gateways on 4000 to 4002, two drainers, nginx on 8080", () => {
  expect([named("ranker-").length, named("drainer-").length]).toEqual([3, 2]);
  const ports = named("gateway-").map(([, service]) => service.ports);
  expect(ports).toEqual([["127.0.0.1:4000:4000"], ["127.0.0.1:4001:4001"], ["127.0.0.1:4002:4002"]]);
  expect(compose.services.nginx?.ports).toEqual(["0.0.0.0:8080:8080"]);
});

describe("every service", () => {
  test.each(named("gateway-"))("%s starts with its environment, and finds every ranker", (_, service) => {
    const { rankerUrls, trustedProxies } = loadGatewayConfig(environmentOf(service));
    expect(rankerUrls).toEqual(named("ranker-").map(([name]) => `http://${name}:5000`));
    expect(trustedProxies.check("172.30.0.7")).toBe(true);
  });

  test.each(named("ranker-"))("%s starts with its environment; passwords are required", (_, service) => {
    expect(loadRankerConfig(environmentOf(service))).toMatchObject({ passwordsRequired: true, port: 5000 });
  });

  test.each(named("drainer-"))("%s starts with its environment, a database a region", (_, service) => {
    const { postgresUrlByRegion } = loadDrainerConfig(environmentOf(service));
    const databases = [...postgresUrlByRegion.values()].map((url) => new URL(url).pathname);
    expect(databases).toEqual(["/leaderboard_global", "/leaderboard_asia", "/leaderboard_eu", "/leaderboard_na"]);
  });

  test.each(services)("%s waits for what it needs, and mounts what is there", (_, service) => {
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect([condition, needed in compose.services]).toEqual(["service_healthy", true]);
    }
    for (const volume of (service.volumes ?? []).filter((each) => each.startsWith("."))) {
      expect([volume, existsSync(join(root, volume.split(":")[0] ?? ""))]).toEqual([volume, true]);
    }
    const dockerfile = service.build?.dockerfile;
    expect(service.healthcheck !== undefined || dockerfile !== undefined).toBe(true);
    if (dockerfile !== undefined) expect(existsSync(join(root, dockerfile))).toBe(true);
  });
});

test("who watches is pinned, on loopback, and there only when asked for", () => {
  for (const name of ["prometheus", "grafana"]) {
    const { image = "", ports = [], profiles } = compose.services[name] ?? {};
    expect([profiles, /:v?\d+\.\d+\.\d+$/.test(image)]).toEqual([["observability"], true]);
    expect(ports.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
  }
});

test("without its secrets Compose refuses to start", () => {
  const text = JSON.stringify(compose);
  for (const name of Object.keys(secrets)) expect(text).toContain(`\${${name}:?`);
});

test("the tables that PostgreSQL begins with are those of every migration", async () => {
  const tables = await Bun.file(join(root, "infra/postgres-init/02-create-tables.sql")).text();
  for (const migration of readdirSync(join(root, "drainer/migrations"))) {
    expect(tables.split(`\\ir /migrations/${migration}`)).toHaveLength(5);
  }
});
