import { expect, test } from "bun:test";
import { freePort } from "stack/free-port";
import { startService } from "testing/services/service-under-test";

test("the gateway starts without Redis and proxies requests: it counts the limits itself then", async () => {
  const ranker = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ here: true }) });
  const gateway = await startService("gateway", {
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${ranker.port}`,
  });
  try {
    const login = await fetch(`${gateway.url}/auth/login`, { method: "POST", body: "{}" });
    expect([login.status, login.headers.get("RateLimit")]).toEqual([200, '"address";r=99;t=1']);
    expect(await (await fetch(gateway.metricsUrl)).text()).toMatch(
      /^leaderboard_gateway_limiter_fallback_total\{[^}]*\} 1$/m,
    );
  } finally {
    await gateway.stop();
    await ranker.stop(true);
  }
  expect(await gateway.exited).toBe(0);
}, 20_000);

test("a ranker that dies leaves the round, and comes back by itself", async () => {
  const port = await freePort();
  const serve = (at: number, name: string) =>
    Bun.serve({ port: at, hostname: "127.0.0.1", fetch: () => Response.json({ name }) });
  const lasting = serve(0, "lasting");
  const dying = serve(port, "dying");
  const gateway = await startService("gateway", {
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${lasting.port},http://127.0.0.1:${port}`,
  });
  const ask = async () => ((await (await fetch(`${gateway.url}/top`)).json()) as { name: string }).name;
  try {
    expect([await ask(), await ask()].toSorted()).toEqual(["dying", "lasting"]);
    await dying.stop(true);
    for (let n = 0; n < 10; n++) expect(await ask()).toBe("lasting");
    const returned = serve(port, "returned");
    while ((await ask()) !== "returned");
    await returned.stop(true);
  } finally {
    await gateway.stop();
    await lasting.stop(true);
  }
}, 20_000);

test("a secret of less than 32 bytes ends the process, either of the two", async () => {
  const env = { REDIS_URL: "redis://127.0.0.1:1", LEADERBOARD_SERVICE_URLS: "http://127.0.0.1:1" };
  const start = startService("gateway", { ...env, JWT_SECRET: "short", JWT_SECRET_PREVIOUS: "short" });
  await expect(start).rejects.toThrow(
    "exited with 1 before it was ready\nThe configuration is not valid:\n" +
      "  JWT_SECRET must have at least 32 bytes\n  JWT_SECRET_PREVIOUS must have at least 32 bytes",
  );
}, 20_000);
