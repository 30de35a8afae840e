import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";
import { announceWithoutNginx, nginx } from "../nginx/nginx-under-test.ts";
import { containerOf, find, type Resource } from "./manifests.ts";
import { helm, render } from "./render.ts";

announceWithoutNginx("the nginx of the chart was not run");

const resources = render("managed");
const dir = await dirForFile();

/** Runs the command of the container up to nginx. @returns the configuration that it has written */
async function writtenConf(trustedProxies: string): Promise<string> {
  const shared = find(resources, "ConfigMap", "nginx")?.data?.["nginx.conf"] ?? "";
  await Bun.write(join(dir, "shared/nginx.conf"), shared);
  const [script = ""] = containerOf(find(resources, "Deployment", "nginx") as Resource).command?.slice(2) ?? [];
  const local = script
    .replaceAll("/tmp/", `${dir}/`)
    .replaceAll("/etc/leaderboard/", `${dir}/shared/`)
    .replace(/^exec nginx .*$/m, "");
  const { exitCode } = Bun.spawnSync(["sh", "-ec", local], {
    env: { PATH: process.env.PATH, TRUSTED_PROXIES: trustedProxies },
  });
  expect(exitCode).toBe(0);
  return Bun.file(join(dir, "nginx.conf")).text();
}

describe.skipIf(helm === undefined)("nginx before the gateways", () => {
  test("has one upstream, which is the Service of the gateways, and believes the balancers before it", async () => {
    const conf = await writtenConf("10.0.0.0/8,192.168.1.7");
    const direct = "games-leaderboard-gateway-direct";
    expect(conf.match(/^ *server \S+/gm)?.map((line) => line.trim())).toEqual([`server ${direct}:80`, "server {"]);
    expect(conf).toInclude("set_real_ip_from 10.0.0.0/8; set_real_ip_from 192.168.1.7;");
    expect(find(resources, "Service", "gateway-direct")?.spec?.ports?.[0]?.port).toBe(80);
  });

  test.skipIf(nginx === undefined)(
    "writes a configuration that nginx takes, also where no balancer is named",
    async () => {
      for (const trusted of ["", "10.0.0.0/8"]) {
        const conf = (await writtenConf(trusted))
          .replace("games-leaderboard-gateway-direct:80", "127.0.0.1:80")
          .replaceAll("/tmp/", `${dir}/`);
        await Bun.write(join(dir, "checked.conf"), conf);
        const checked = Bun.spawnSync([nginx ?? "", "-t", "-p", dir, "-c", join(dir, "checked.conf")]);
        expect([checked.exitCode, checked.stderr.toString().includes("emerg")]).toEqual([0, false]);
      }
    },
  );

  test("takes the place of the gateways in their Service, and alone reaches them", () => {
    const componentOf = (labels: Record<string, unknown> | undefined) => labels?.["app.kubernetes.io/component"];
    expect(componentOf(find(resources, "Service", "gateway")?.spec?.selector)).toBe("nginx");
    expect(componentOf(find(resources, "Service", "gateway-direct")?.spec?.selector)).toBe("gateway");
    const [rule] = find(resources, "NetworkPolicy", "gateway")?.spec?.ingress ?? [];
    expect(rule?.from?.map(({ podSelector }) => componentOf(podSelector?.matchLabels))).toEqual(["nginx"]);
    const without = render("managed", "--set", "nginx.enabled=false");
    expect(componentOf(find(without, "Service", "gateway")?.spec?.selector)).toBe("gateway");
    expect(find(without, "Deployment", "nginx")).toBeUndefined();
  });
});
