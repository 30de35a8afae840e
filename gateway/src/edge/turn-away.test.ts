import { afterAll, beforeAll, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { scratchRedisClient } from "testing/scratch";
import { GATEWAY_SETTINGS } from "../../test/gateway-under-test.ts";
import { buildGateway } from "../build.ts";
import { createPool } from "../upstream/upstreams.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
beforeAll(async () => {
  server = await scratchRedisClient();
});
afterAll(() => server.dispose());

test("a gateway that stops turns away requests that say they may be, and no others", async () => {
  let isStopping = false;
  const { app } = buildGateway(
    { ...GATEWAY_SETTINGS, topology: createTopology(["EU"], 1, ["main"]) },
    {
      log: createLog("test", "silent"),
      stores: { home: server.redis, of: () => server.redis },
      pool: createPool(["http://127.0.0.1:1"]),
      isStopping: () => isStopping,
    },
  );
  const ask = async (headers = {}) => {
    const response = await app.request("/health", { headers });
    return [response.status, response.headers.get("X-Turned-Away"), response.headers.get("Connection")];
  };
  const mayBe = { "X-May-Turn-Away": "1" };
  expect([await ask(), await ask(mayBe)]).toEqual([
    [200, null, null],
    [200, null, null],
  ]);
  isStopping = true;
  expect([await ask(), await ask(mayBe)]).toEqual([
    [200, null, "close"],
    [502, "1", "close"],
  ]);
});
