import { expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { startServices } from "testing/services/service-under-test";
import { words } from "testing/words";

const services = await forFile(startServices());
const names = ["gateway", "ranker", "drainer"] as const;

const ask = (port: number | string, target: string) =>
  openRaw(Number(port), toLines(`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", "")).ended;

const SPELLINGS = words`/.\metrics /./metrics /%2e/metrics /x/../metrics /x\..\metrics /x/..\metrics /%2e\metrics
  /x/%2e%2e/metrics /x/.%2E/metrics /a/b/c/d/../../../../metrics /metrics#x /\metrics /..\metrics`;

test.each(names)("the metrics port of the %s serves its metrics and nothing else", async (name) => {
  const { metricsUrl } = services[name];
  const { port } = new URL(metricsUrl);
  const response = await fetch(metricsUrl);
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toStartWith("text/plain");
  expect(await response.text()).toContain(`component="${name}"`);
  for (const target of ["/", "/health", "/top", "/players/ada", "/nothing"]) {
    expect([target, ...statusesOf(await ask(port, target))]).toEqual([target, 404]);
  }
  expect((await fetch(metricsUrl, { method: "POST" })).status).toBe(404);
});

test.each(names)("the public port of the %s serves no metrics under any spelling of the path", async (name) => {
  const { port } = services[name];
  for (const target of ["/metrics", "/%6detrics", "//metrics", "/metrics/", ...SPELLINGS]) {
    const received = await ask(port, target);
    expect([target, received.includes("component=")]).toEqual([target, false]);
    expect([target, ...statusesOf(received)]).toEqual([target, SPELLINGS.includes(target) ? 400 : 404]);
  }
});
