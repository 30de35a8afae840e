import { afterEach, describe, expect, test } from "bun:test";
import { freePort } from "stack/free-port";
import { connectToServer } from "testing/redis/connect";
import { redisServers } from "testing/redis/servers";
import { scratchRedis } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { createTopology } from "../model/regions.ts";
import { checkDurability, type DurabilityOptions } from "./checks.ts";
import { awaitFitStores } from "./fit-stores.ts";
import { connectStores } from "./stores.ts";
import { UnfitStore } from "./unfit-store.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const topology = createTopology(["EU"], 1, ["main"]);

/** A log and its lines. */
function collectLog() {
  const lines: string[] = [];
  const log = createLog("test", "warn", { write: (line) => void lines.push(line) });
  return { log, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

async function startServer(args: string[], command = "redis-server") {
  const server = await scratchRedis(args, {}, command);
  closing.push(() => server.dispose());
  return server;
}

/** Starts as a ranker does, and writes through the store. */
async function serve(url: string, options: Partial<DurabilityOptions> & { timeoutMs?: number } = {}) {
  const { log, read } = collectLog();
  const stores = connectStores({ homeUrl: url, urlsByRegion: new Map([["EU", url]]), name: "test", log });
  closing.push(() => stores.close());
  const fit = await awaitFitStores({
    stores,
    topology,
    regions: ["EU"],
    needsHome: true,
    isProduction: true,
    log,
    ...options,
  });
  await fit.of("EU").set("probe:{EU}", "1");
  return read;
}

const asUser = (url: string, user: string) => url.replace("//", `//${user}:secret@`);
/** A user as arguments of the server. */
const user = (rules: string) => `--user ranker on >secret ~* &* ${rules}`.split(" ");

const uncheckedOf = (lines: Record<string, unknown>[]) =>
  lines.find(({ unchecked }) => unchecked !== undefined)?.unchecked;

describe.each(redisServers)("on %s", (_, command) => {
  test("a Redis that tells everything is served without a warning of its settings", async () => {
    const { url } = await startServer(["--appendfsync", "always"], command);
    expect((await serve(url))()).toEqual([]);
  });

  test.each([
    ["a user who may not call CONFIG", user("+@all -config"), ["appendfsync"]],
    [
      "a user who may not call CONFIG or INFO",
      user("+@all -config -info"),
      ["maxmemory-policy", "cluster-enabled", "appendonly", "appendfsync"],
    ],
    ["a user without administration", user("+@all -@admin -@dangerous +info"), ["appendfsync"]],
  ])("%s is served, and the log names what was not checked", async (_, args, unchecked) => {
    const { url } = await startServer(args, command);
    expect(uncheckedOf((await serve(asUser(url, "ranker")))())).toEqual(unchecked);
  });

  test.each([
    ["CONFIG", ["--rename-command", "CONFIG", ""], ["appendfsync"]],
    [
      "CONFIG and INFO",
      ["--rename-command", "CONFIG", "", "--rename-command", "INFO", ""],
      ["maxmemory-policy", "cluster-enabled", "appendonly", "appendfsync"],
    ],
  ])("a Redis without %s is served, and the log names what was not checked", async (_, args, unchecked) => {
    const { url } = await startServer(args, command);
    expect(uncheckedOf((await serve(url))())).toEqual(unchecked);
  });

  test("strict checks refuse a Redis that does not tell a setting, by its name", async () => {
    const { url } = await startServer(user("+@all -config"), command);
    const refused = serve(asUser(url, "ranker"), { redisChecks: "strict" });
    await expect(refused).rejects.toBeInstanceOf(UnfitStore);
    await expect(refused).rejects.toThrow("does not tell appendfsync, and REDIS_CHECKS is strict");
  });

  test.each([
    ["evicts keys", ["--maxmemory-policy", "allkeys-lru"], 'set "maxmemory-policy noeviction"'],
    ["keeps no append-only file", ["--appendonly", "no"], 'set "appendonly yes"'],
  ])("a Redis that refuses CONFIG and %s is refused by what INFO says", async (_, args, message) => {
    const { url } = await startServer(args.concat(user("+@all -config")), command);
    await expect(serve(asUser(url, "ranker"))).rejects.toThrow(message);
  });

  test("a Redis without an append-only file is served, with a warning, where a replica confirms each write", async () => {
    const { url } = await startServer(["--appendonly", "no"], command);
    await expect(serve(url)).rejects.toThrow("DURABILITY=replicated");
    const lines = (await serve(url, { isReplicated: true }))();
    expect(lines).toMatchObject([{ msg: "redis keeps no append-only file: only its replicas keep writes" }]);
  });

  test("a node of a cluster that refuses CONFIG is refused", async () => {
    const { url } = await startServer(["--cluster-enabled", "yes", "--rename-command", "CONFIG", ""], command);
    const redis = await connectToServer(url);
    closing.push(() => redis.disconnect());
    const { log } = collectLog();
    await expect(checkDurability(redis, { isProduction: true, log })).rejects.toThrow("name several of its nodes");
  });
});

describe("a start that fails tells what Redis answered", () => {
  test.each([
    ["a wrong password", (url: string) => url.replace("//", "//:wrong@"), ["--requirepass", "right"], "WRONGPASS"],
    ["no password", (url: string) => url, ["--requirepass", "right"], "NOAUTH"],
    ["scripts that are not allowed", (url: string) => asUser(url, "ranker"), user("+@all -@scripting -set"), "NOPERM"],
  ])("with %s", async (_, toUrl, args, reply) => {
    const { url } = await startServer(args);
    const failed = serve(toUrl(url), { timeoutMs: 1_500 });
    await expect(failed).rejects.toThrow("Redis answers, but with an error");
    await expect(failed).rejects.toThrow(reply);
  });

  test.each([
    ["WRONGPASS", (url: string) => url.replace("//", "//:wrong@"), "check the user and the password in its REDIS_URL"],
    ["NOAUTH", (url: string) => url, "it requires a password, and its REDIS_URL has none"],
  ])(
    "after some seconds where every try got the same %s, and at once in the log",
    async (_, toUrl, advice) => {
      const { url } = await startServer(["--requirepass", "right"]);
      const { log, read } = collectLog();
      const stores = connectStores({ homeUrl: toUrl(url), urlsByRegion: new Map(), name: "test", log });
      closing.push(() => stores.close());
      const options = { stores, topology, regions: [], needsHome: true, isProduction: true, log, timeoutMs: 60_000 };
      await expect(awaitFitStores(options)).rejects.toThrow(advice);
      expect(read()).toEqual([expect.objectContaining({ level: "warn", err: expect.stringContaining(advice) })]);
    },
    20_000,
  );

  test("of a server that is not there, that it did not answer", async () => {
    await expect(serve(`redis://127.0.0.1:${await freePort()}`, { timeoutMs: 300 })).rejects.toThrow(
      "Redis did not answer within 300 ms",
    );
  });
});

test("a wrong password of one region does not end the start of the others", async () => {
  const [good, refusing] = [await startServer([]), await startServer(["--requirepass", "right"])];
  const { log, read } = collectLog();
  const urlsByRegion = new Map([
    ["EU", good.url],
    ["NA", refusing.url],
  ]);
  const stores = connectStores({ homeUrl: good.url, urlsByRegion, name: "test", log });
  closing.push(() => stores.close());
  const regions = ["EU", "NA"];
  const two = createTopology(regions, 1, ["main"]);
  const fit = await awaitFitStores({ stores, topology: two, regions, needsHome: true, isProduction: false, log });
  expect(await fit.of("EU").ping()).toBe("PONG");
  expect(() => fit.of("NA")).toThrow("The ranking store of NA is not there");
  expect(read()).toContainEqual(expect.objectContaining({ err: expect.stringContaining("NOAUTH") }));
}, 20_000);
