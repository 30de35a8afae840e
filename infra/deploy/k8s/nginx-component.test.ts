import { describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";
import { announceWithoutNginx, nginx } from "../nginx/nginx-under-test.ts";
import { parseManifests, readKustomization, readManifests } from "./manifests.ts";

announceWithoutNginx("the nginx of the Kubernetes component was not run");

const infra = join(import.meta.dir, "..");
const manifests = await readManifests(join(import.meta.dir, "components/nginx"));
const kubectl = Bun.which("kubectl");
const dir = await dirForFile();

/** Runs the command of the container up to nginx. @returns the configuration that it has written */
async function writtenConf(trustedProxies: string): Promise<string> {
  const pod = manifests.find(({ kind }) => kind === "Deployment")?.spec?.template?.spec;
  const [script = ""] = pod?.containers[0]?.command?.slice(2) ?? [];
  const local = script
    .replaceAll("/tmp/", `${dir}/`)
    .replaceAll("/etc/leaderboard/", `${join(infra, "nginx")}/`)
    .replace(/^exec nginx .*$/m, "");
  const { exitCode } = Bun.spawnSync(["sh", "-ec", local], {
    env: { PATH: process.env.PATH, TRUSTED_PROXIES: trustedProxies },
  });
  expect(exitCode).toBe(0);
  return Bun.file(join(dir, "nginx.conf")).text();
}

describe("the component that puts nginx before the gateways", () => {
  test("has one upstream, which is the Service of the gateways, and believes the balancers before it", async () => {
    const conf = await writtenConf("10.0.0.0/8,192.168.1.7");
    expect(conf.match(/^ *server \S+/gm)?.map((line) => line.trim())).toEqual(["server gateway-direct:80", "server {"]);
    expect(conf).toInclude("set_real_ip_from 10.0.0.0/8; set_real_ip_from 192.168.1.7;");
    const direct = manifests.find(({ kind }) => kind === "Service");
    expect([direct?.metadata.name, direct?.spec?.ports?.[0]?.port]).toEqual(["gateway-direct", 80]);
  });

  test.skipIf(nginx === undefined)(
    "writes a configuration that nginx takes, also where no balancer is named",
    async () => {
      for (const trusted of ["", "10.0.0.0/8"]) {
        const conf = (await writtenConf(trusted))
          .replace("gateway-direct:80", "127.0.0.1:80")
          .replaceAll("/tmp/", `${dir}/`);
        await Bun.write(join(dir, "checked.conf"), conf);
        const checked = Bun.spawnSync([nginx ?? "", "-t", "-p", dir, "-c", join(dir, "checked.conf")]);
        expect([checked.exitCode, checked.stderr.toString().includes("emerg")]).toEqual([0, false]);
      }
    },
  );

  test("is one option of the example, which has it in a comment", async () => {
    const text = await Bun.file(join(import.meta.dir, "overlays/example/kustomization.yaml")).text();
    expect(text).toInclude("# components:\n#   - ../../components/nginx\n");
    expect(await readKustomization(join(infra, "nginx"))).toMatchObject({
      configMapGenerator: [{ name: "nginx-conf" }],
    });
  });

  test.skipIf(kubectl === null)("takes the place of the gateways in their Service, and alone reaches them", () => {
    for (const folder of ["k8s/base", "k8s/components", "nginx"])
      cpSync(join(infra, folder), join(dir, folder), { recursive: true });
    mkdirSync(join(dir, "k8s/overlays/own"), { recursive: true });
    const own = "resources: [../../base]\ncomponents: [../../components/nginx]\n";
    writeFileSync(join(dir, "k8s/overlays/own/kustomization.yaml"), own);
    const built = parseManifests(
      Bun.spawnSync([kubectl ?? "", "kustomize", join(dir, "k8s/overlays/own")]).stdout.toString(),
    );
    const named = (kind: string, name: string) =>
      built.find((each) => each.kind === kind && each.metadata.name === name);
    const nameOf = (labels: Record<string, unknown> | undefined) => labels?.["app.kubernetes.io/name"];
    expect(nameOf(named("Service", "gateway")?.spec?.selector)).toBe("nginx");
    expect(nameOf(named("Service", "gateway-direct")?.spec?.selector)).toBe("gateway");
    const [rule] = named("NetworkPolicy", "gateway")?.spec?.ingress ?? [];
    expect(rule?.from?.map(({ podSelector }) => nameOf(podSelector?.matchLabels))).toEqual(["nginx"]);
  });
});
