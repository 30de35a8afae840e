import { afterEach, expect, test } from "bun:test";
import { dns } from "bun";
import { createLog } from "shared/log/log";
import { type HealthChecks, startHealthChecks } from "./health.ts";
import { createPool } from "./upstreams.ts";

let checks: HealthChecks | undefined;
afterEach(() => checks?.stop());
const log = createLog("test", "silent");

test("the first round finds the upstreams that are ready; a later one sees a change", async () => {
  let status = 200;
  let probes = 0;
  const probedAgain = Promise.withResolvers<void>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      if (new URL(request.url).pathname !== "/ready") return new Response(null, { status: 404 });
      probes++;
      // By the second probe after the change, the first one has been taken into account.
      if (status === 503 && probes === 2) probedAgain.resolve();
      return new Response(null, { status });
    },
  });
  const pool = createPool([`http://127.0.0.1:${server.port}`, "http://127.0.0.1:1"]);
  checks = startHealthChecks(pool, log, 5);
  await checks.firstRound;
  expect(pool.upstreams.map(({ isUp }) => isUp)).toEqual([true, false]);
  status = 503;
  probes = 0;
  await probedAgain.promise;
  expect(pool.upstreams[0]?.isUp).toBe(false);
  await server.stop(true);
});

test("an upstream whose name does not exist is looked up once, while another one is probed again and again", async () => {
  let probes = 0;
  const probedOften = Promise.withResolvers<void>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      if (++probes === 20) probedOften.resolve();
      return new Response();
    },
  });
  const noName = `${"a".repeat(64)}.invalid`; // longer than a name may be, so that no name server is asked
  const before = dns.getCacheStats().errors;
  checks = startHealthChecks(createPool([`http://127.0.0.1:${server.port}`, `http://${noName}:5000`]), log, 5);
  await probedOften.promise;
  expect(dns.getCacheStats().errors - before).toBe(1);
  await server.stop(true);
});
