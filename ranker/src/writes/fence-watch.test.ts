import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { ACCOUNTS_TAG, clockKey, fenceKey } from "shared/redis/keys";
import { awaitReady, connectRedis, type Redis, runAt } from "shared/redis/redis";
import { formatFence, parseFence } from "shared/stores/fence";
import { startRedis } from "stack/redis";
import { openFences } from "testing/open-fences";
import { scratchRedis } from "testing/scratch";
import { until } from "testing/until";
import { player } from "../../test/ranker-under-test.ts";
import { createBoards } from "../boards/boards.ts";
import { configuredDefinitions } from "../definitions/definitions.ts";
import { createFenceWatch } from "./fence-watch.ts";
import { createSubmit, type Submit } from "./submit.ts";

const topology = createTopology(["EU"], 1, ["main"]);
const shard = { region: "EU", partition: 0, tag: "EU" };
const log = createLog("test", "silent");
const PATIENCE_MS = 200;

let server: Awaited<ReturnType<typeof scratchRedis>>;
let running: { kill(): Promise<void> };
let redis: Redis;
let lost: [string, number][];
let submit: Submit;
beforeAll(async () => {
  server = await scratchRedis(["--appendonly", "yes"]);
  running = server;
});
afterAll(async () => {
  await running.kill();
  await server.dispose();
});
beforeEach(async () => {
  redis = connectRedis({ url: server.url, name: "test", log });
  await awaitReady(redis, 5_000);
  await redis.flushall();
  await openFences(redis, topology);
  lost = [];
  submit = start();
});
afterEach(() => redis.disconnect());

/** Starts a ranker. */
function start(): Submit {
  const onLost = (tag: string, writes: number) => void lost.push([tag, writes]);
  const fences = createFenceWatch({ log, onLost, patienceMs: PATIENCE_MS });
  const boards = createBoards(topology, () => redis, configuredDefinitions(topology));
  return createSubmit({
    topology,
    definitions: configuredDefinitions(topology),
    redisOf: () => redis,
    fences,
    boards,
    queueMax: 1_000,
  });
}

const add = (write = submit) => write(player("ada"), { operation: "add", board: "main", value: 1 });
const tryToAdd = (write = submit) =>
  add(write).then(
    () => "ok",
    (error: { code: string }) => error.code,
  );
const fenceOf = async () => parseFence(await redis.get(fenceKey("EU")));
/** The ranker reads in the background which fence a write was behind. */
const learned = () =>
  until(
    async () => redis.get(clockKey(shard)),
    (clock) => clock !== null,
  );

async function restart(): Promise<void> {
  const before = runAt(redis, fenceKey("EU"));
  await running.kill();
  running = await startRedis({ port: server.port, dir: server.dir, args: ["--appendonly", "yes"] });
  await until(
    async () => runAt(redis, fenceKey("EU")),
    (run) => run !== undefined && run !== before,
  );
}

describe("a Redis that was restarted", () => {
  test("takes no write until it was compared, and serves reads meanwhile", async () => {
    await add();
    await learned();
    await restart();
    expect(await tryToAdd()).toBe("unavailable");
    const boards = createBoards(topology, () => redis, configuredDefinitions(topology));
    expect(await boards.top("EU", "main", 1)).toMatchObject({ total: 1 });
  });

  test("is opened by a ranker that finds it as it left it, where no drainer opens it in time", async () => {
    await add();
    await learned();
    const before = await fenceOf();
    await restart();
    await until(tryToAdd, (outcome) => outcome === "ok");
    const clock = Number(await redis.get(clockKey(shard)));
    const after = await fenceOf();
    expect(after).toMatchObject({ origin: "test", run: runAt(redis, fenceKey("EU")) });
    expect(after?.run).not.toBe(before?.run);
    expect(after?.keptVersion).toBeLessThan(clock);
    expect(lost).toEqual([]);
  });

  test("is not opened by a ranker that has seen later versions, nor by one that has seen none", async () => {
    await add();
    await learned();
    await restart();
    await redis.set(clockKey(shard), "5");
    const newcomer = start();
    expect(await Promise.all([tryToAdd(), tryToAdd(newcomer)])).toEqual(["unavailable", "unavailable"]);
    const endsAt = performance.now() + 3 * PATIENCE_MS;
    await until(
      async () => Promise.all([tryToAdd(), tryToAdd(newcomer), performance.now()]),
      ([seen, fresh, now]) => {
        expect([seen, fresh]).toEqual(["unavailable", "unavailable"]);
        return now > endsAt;
      },
    );
    expect((await fenceOf())?.run).not.toBe(runAt(redis, fenceKey("EU")));
  });
});

test("a ranker counts the writes that it acknowledged and a store has lost", async () => {
  await add();
  await learned();
  const keptVersion = Number(await redis.get(clockKey(shard)));
  for (let n = 0; n < 3; n++) await add();
  await restart();
  const run = runAt(redis, fenceKey("EU")) ?? "";
  const from = Number(await redis.get(clockKey(shard)));
  await redis.set(fenceKey("EU"), formatFence({ origin: "test", keptVersion, from, run })); // as a drainer leaves it
  await add();
  await until(
    async () => lost.length,
    (count) => count > 0,
  );
  expect(lost).toEqual([["EU", 3]]);
});

test("a ranker closes a store that lacks versions which it has seen, so that no other opens it", async () => {
  await add();
  await learned();
  await restart();
  await redis.set(clockKey(shard), "5"); // an older copy
  expect(await tryToAdd()).toBe("unavailable");
  await until(fenceOf, (fence) => fence !== undefined && fence.run === undefined);
  expect(await fenceOf()).toEqual({ origin: "test", keptVersion: 5, from: 5 });
});

test("a ranker counts the lost writes also after a false alarm", async () => {
  await add();
  await learned();
  const fence = (await redis.get(fenceKey("EU"))) ?? "";
  await redis.set(fenceKey("EU"), "test 0 0 another");
  expect(await tryToAdd()).toBe("unavailable");
  await redis.set(fenceKey("EU"), fence);
  await until(tryToAdd, (outcome) => outcome === "ok");
  await learned();
  const keptVersion = Number(await redis.get(clockKey(shard)));
  for (let n = 0; n < 3; n++) await add();
  await redis.del(fenceKey("EU"));
  expect(await tryToAdd()).toBe("unavailable");
  const [from, run] = [Number(await redis.get(clockKey(shard))), runAt(redis, fenceKey("EU")) ?? ""];
  await redis.set(fenceKey("EU"), formatFence({ origin: "test", keptVersion, from, run }));
  await until(
    async () => lost.length,
    (count) => count > 0,
  );
  expect(lost).toEqual([["EU", 3]]);
});

test("an emptied store is neither written nor read, and no player is called unknown", async () => {
  await add();
  await redis.flushall();
  expect(await tryToAdd()).toBe("unavailable");
  const boards = createBoards(topology, () => redis, configuredDefinitions(topology));
  await expect(boards.rank("EU", "main", "ada")).rejects.toMatchObject({ code: "region_unavailable" });
  expect(await redis.exists(fenceKey("EU"), fenceKey(ACCOUNTS_TAG))).toBe(0);
});
