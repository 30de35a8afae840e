import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DCLinter } from "dclint";
import { tokenFields } from "shared/service/token-config";
import { loadDrainerConfig } from "../../../drainer/src/config.ts";
import { loadGatewayConfig } from "../../../gateway/src/config.ts";
import { loadRankerConfig } from "../../../ranker/src/config.ts";

const root = join(import.meta.dir, "../../..");
const file = join(root, "docker-compose.yml");
const ownStores = join(import.meta.dir, "own-stores.yml");

interface Service {
  image?: string;
  command?: string[];
  build?: { dockerfile: string };
  environment?: Record<string, string | number>;
  ports?: string[];
  profiles?: string[];
  volumes?: string[];
  healthcheck?: object;
  depends_on?: Record<string, { condition: string; required?: boolean }>;
  mem_limit?: string;
}

const compose = Bun.YAML.parse(await Bun.file(file).text()) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const named = (prefix: string) => services.filter(([name]) => name.startsWith(prefix));

type Variables = Record<string, string>;
const secrets: Variables = { JWT_SECRET: "x".repeat(48), POSTGRES_PASSWORD: "secret" };

/** Fills in `${NAME:?why}` and `${NAME:-default}` as Compose does. */
const interpolate = (value: string, variables: Variables) =>
  value.replaceAll(/\$\{([A-Z_]+)(?::([?-])([^}]*))?\}/g, (_, name: string, kind?: string, rest?: string) => {
    const filled = variables[name] ?? (kind === "-" ? rest : undefined);
    if (filled === undefined) throw new Error(`${name} is not set`);
    return filled;
  });

/** @param dotEnv the variables of `.env` beside the secrets */
const environmentOf = ({ environment = {} }: Service, dotEnv: Variables = {}) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, interpolate(String(value), { ...secrets, ...dotEnv })]),
  );

/**
 * The file or folder of this repository that is mounted at a path of a service, undefined if there
 * is none.
 */
function mountedAt({ volumes = [] }: Service, path: string): string | undefined {
  for (const volume of volumes) {
    const [source = "", target = ""] = volume.split(":");
    const isBelow = path === target || path.startsWith(`${target}/`);
    if (source.startsWith(".") && isBelow) return join(root, source, path.slice(target.length));
  }
  return undefined;
}

test.each([file, ownStores])("%s follows the Compose schema", (each) => {
  const orders = ["service-keys-order", "services-alphabetical-order", "top-level-properties-order"];
  const off = Object.fromEntries([...orders, "require-quotes-in-ports"].map((rule) => [rule, 0 as const]));
  const linter = new DCLinter({ rules: off, quiet: false, debug: false, exclude: [] });
  const results = linter.lintFiles([each], false);
  expect(results.map(({ messages }) => messages)).toEqual([[]]);
});

test("the file runs three rankers, three gateways on 4000 to 4002, two drainers, and nginx on 8080", () => {
  expect([named("ranker-").length, named("drainer-").length]).toEqual([3, 2]);
  const ports = named("gateway-").map(([, service]) => service.ports);
  expect(ports).toEqual([["127.0.0.1:4000:4000"], ["127.0.0.1:4001:4001"], ["127.0.0.1:4002:4002"]]);
  expect(compose.services.nginx?.ports).toEqual(["0.0.0.0:8080:8080"]);
});

describe("every service", () => {
  test.each(named("gateway-"))("%s starts with its environment and knows every ranker", (_, service) => {
    const { rankerUrls, trustedProxies } = loadGatewayConfig(environmentOf(service));
    expect(rankerUrls).toEqual(named("ranker-").map(([name]) => `http://${name}:5000`));
    expect(trustedProxies.check("172.30.0.7")).toBe(true);
  });

  test.each(named("ranker-"))("%s starts with its environment and requires passwords", (_, service) => {
    expect(loadRankerConfig(environmentOf(service))).toMatchObject({ passwordsRequired: true, port: 5000 });
  });

  test("players, their sessions and the public address are taken from .env", () => {
    const dotEnv = { GUESTS: "off", JWT_SESSION_SECONDS: "3600", RATE_NAME_PER_DAY: "1", PUBLIC_URL: "https://a.test" };
    for (const [, service] of named("ranker-"))
      expect(loadRankerConfig(environmentOf(service, dotEnv))).toMatchObject({
        guestsOpen: false,
        sessionSecondsMax: 3600,
        nameLimit: { burst: 1 },
      });
    for (const [, service] of named("gateway-")) {
      expect(loadGatewayConfig(environmentOf(service, dotEnv)).publicUrl).toBe("https://a.test");
      expect(loadGatewayConfig(environmentOf(service)).publicUrl).toBeUndefined();
    }
  });

  test.each([...named("gateway-"), ...named("ranker-")])(
    "%s takes every token variable from .env, those of an identity provider included",
    (name, service) => {
      const dotEnv = {
        JWT_SECRET_PREVIOUS: "y".repeat(48),
        JWT_ISSUER: "a",
        JWT_AUDIENCE: "b",
        JWT_LIFETIME_SECONDS: "60",
        JWT_JWKS_URL: "https://id.example.com/jwks",
        JWT_JWKS_ISSUER: "c",
        JWT_JWKS_AUDIENCE: "d",
        JWT_USER_ID_CLAIM: "g",
        JWT_REGION_CLAIM: "e",
        JWT_DEFAULT_REGION: "eu",
        JWT_NAME_CLAIM: "f",
      };
      expect(Object.keys({ ...dotEnv, ...secrets })).toEqual(expect.arrayContaining(Object.keys(tokenFields)));
      const load = name.startsWith("gateway-") ? loadGatewayConfig : loadRankerConfig;
      expect(load(environmentOf(service, dotEnv)).tokens).toEqual({
        secret: "x".repeat(48),
        previousSecret: "y".repeat(48),
        issuer: "a",
        audience: "b",
        lifetimeSeconds: 60,
        provider: {
          jwksUrl: "https://id.example.com/jwks",
          issuer: "c",
          audience: "d",
          userIdClaim: "g",
          regionClaim: "e",
          defaultRegion: "EU",
          regions: ["GLOBAL", "ASIA", "EU", "NA"],
          nameClaim: "f",
        },
      });
      expect(load(environmentOf(service)).tokens.provider).toBeUndefined();
    },
  );

  test.each(named("drainer-"))("%s starts with its environment and has a database for each region", (_, service) => {
    const { postgresUrlByRegion } = loadDrainerConfig(environmentOf(service));
    const databases = [...postgresUrlByRegion.values()].map((url) => new URL(url).pathname);
    expect(databases).toEqual(["/leaderboard_global", "/leaderboard_asia", "/leaderboard_eu", "/leaderboard_na"]);
  });

  test.each(named("ranker-"))("%s reads archived seasons in the database of each region", (_, service) => {
    const { archives } = loadRankerConfig(environmentOf(service));
    expect(archives).toMatchObject({ homeUrl: expect.stringMatching(/\/leaderboard_global$/) });
    const databases = [...(archives?.urlsByRegion.values() ?? [])].map((url) => new URL(url).pathname);
    expect(databases).toEqual(["/leaderboard_global", "/leaderboard_asia", "/leaderboard_eu", "/leaderboard_na"]);
  });

  test.each(services)(
    "%s waits for healthy dependencies, has a health check, and mounts only files that exist",
    (_, service) => {
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect([condition, needed in compose.services]).toEqual(["service_healthy", true]);
      }
      for (const volume of (service.volumes ?? []).filter((each) => each.startsWith("."))) {
        expect([volume, existsSync(join(root, volume.split(":")[0] ?? ""))]).toEqual([volume, true]);
      }
      const dockerfile = service.build?.dockerfile;
      expect(service.healthcheck !== undefined || dockerfile !== undefined).toBe(true);
      if (dockerfile !== undefined) expect(existsSync(join(root, dockerfile))).toBe(true);
    },
  );
});

test("every image from a registry is pinned to a version", () => {
  const images = services.filter(([, { build }]) => build === undefined).map(([, { image = "" }]) => image);
  expect(images.filter((image) => !/:v?\d+[\d.]*(-\w+)?$/.test(image))).toEqual([]);
});

describe("Prometheus and Grafana", () => {
  const { prometheus, grafana } = compose.services as { prometheus: Service; grafana: Service };
  const yaml = async (path = "") => Bun.YAML.parse(await Bun.file(path).text());

  test("are pinned, listen on loopback, and start only with their profile", () => {
    for (const { image = "", ports = [], profiles } of [prometheus, grafana]) {
      expect([profiles, /:v?\d+\.\d+\.\d+$/.test(image)]).toEqual([["observability"], true]);
      expect(ports.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
    }
  });

  test("Prometheus mounts the configuration that promtool checks", () => {
    const [, path = ""] = /^--config\.file=(.*)$/.exec(prometheus.command?.[0] ?? "") ?? [];
    expect(mountedAt(prometheus, path)).toBe(join(root, "infra/deploy/prometheus/prometheus.yml"));
  });

  test("Grafana has this Prometheus as its only source, and the dashboard", async () => {
    const provisioning = "/etc/grafana/provisioning";
    const { datasources } = (await yaml(mountedAt(grafana, `${provisioning}/datasources/prometheus.yml`))) as {
      datasources: { url: string; jsonData: { timeInterval: string } }[];
    };
    const { global } = (await yaml(join(root, "infra/deploy/prometheus/prometheus.yml"))) as {
      global: { scrape_interval: string };
    };
    expect(datasources).toMatchObject([
      { isDefault: true, url: "http://prometheus:9090", jsonData: { timeInterval: global.scrape_interval } },
    ]);
    expect(prometheus.ports).toEqual(["127.0.0.1:9090:9090"]);

    const { providers } = (await yaml(mountedAt(grafana, `${provisioning}/dashboards/leaderboard.yml`))) as {
      providers: { options: { path: string } }[];
    };
    const folder = mountedAt(grafana, providers[0]?.options.path ?? "") ?? "";
    const dashboards = readdirSync(folder).map((name) => join(folder, name));
    const home = String(grafana.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH);
    expect(dashboards).toContain(mountedAt(grafana, home) ?? "");
  });
});

test("Compose refuses to start without the secrets", () => {
  const text = JSON.stringify(compose);
  for (const name of Object.keys(secrets)) expect(text).toContain(`\${${name}:?`);
});

test("the init script of PostgreSQL applies every migration to all four databases", async () => {
  const tables = await Bun.file(join(root, "infra/deploy/postgres-init/02-create-tables.sql")).text();
  for (const migration of readdirSync(join(root, "drainer/migrations"))) {
    expect(tables.split(`\\ir /migrations/${migration}`)).toHaveLength(5);
  }
});

describe("the override for stores elsewhere", async () => {
  const override = Bun.YAML.parse(await Bun.file(ownStores).text()) as { services: Record<string, Service> };
  const own: Variables = {
    REDIS_URL: "rediss://redis.example.com:6380",
    REDIS_URL_EU: "rediss://eu.example.com:6380",
    POSTGRES_URL: "postgres://u:p@postgres.example.com/leaderboard",
    DURABILITY: "replicated",
  };
  /** As Compose merges the two files: the second one's variables win. */
  const merged = (name: string) =>
    environmentOf(
      { environment: { ...compose.services[name]?.environment, ...override.services[name]?.environment } },
      own,
    );

  test("starts neither store, and no service that needs them waits for one", () => {
    for (const store of ["redis", "postgres"]) expect(override.services[store]?.profiles).toEqual(["bundled-stores"]);
    const waiting = services.flatMap(([, { depends_on = {} }]) => [depends_on.redis, depends_on.postgres]);
    expect(waiting.filter((each) => each !== undefined && each.required !== false)).toEqual([]);
  });

  test("leads every service and the commands to those stores, and to none of this host", () => {
    const readers = services.filter(([, { environment }]) => environment !== undefined && "REDIS_URL" in environment);
    expect(readers.length).toBe(9);
    for (const [name] of readers) {
      const environment = merged(name);
      expect(Object.values(environment).filter((value) => /@postgres:|redis:6379/.test(value))).toEqual([]);
      const load = name.startsWith("gateway-") ? loadGatewayConfig : loadRankerConfig;
      const { redisUrlByRegion, storeChecks } = name.startsWith("drainer-")
        ? loadDrainerConfig(environment)
        : load(environment);
      expect([redisUrlByRegion.get("EU"), storeChecks.isReplicated]).toEqual([own.REDIS_URL_EU, true]);
    }
    const { postgresUrlByRegion } = loadDrainerConfig(merged("drainer-1"));
    expect(new Set(postgresUrlByRegion.values())).toEqual(new Set([own.POSTGRES_URL ?? ""]));
  });

  test("asks for both addresses", async () => {
    const text = await Bun.file(ownStores).text();
    for (const name of ["REDIS_URL", "POSTGRES_URL"]) expect(text).toContain(`\${${name}:?`);
  });
});

test("every service has a memory limit, and Redis keeps a quarter of its own free", () => {
  expect(services.filter(([, { mem_limit }]) => mem_limit === undefined).map(([name]) => name)).toEqual([]);
  const bytes = (text = "") => Number(/^\d+/.exec(text)?.[0]) * (/g/.test(text) ? 1024 : 1);
  const { mem_limit = "", command = [] } = compose.services.redis ?? {};
  const [limit, max] = [interpolate(mem_limit, {}), interpolate(command[command.indexOf("--maxmemory") + 1] ?? "", {})];
  expect(bytes(max)).toBe(0.75 * bytes(limit));
});
