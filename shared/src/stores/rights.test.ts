import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { redisServers } from "testing/redis/servers";
import { scratchCluster, scratchRedis } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { createTopology } from "../model/regions.ts";
import { awaitReady, connectRedis, type Redis } from "../redis/redis.ts";
import { checkRights, DRAINER_RIGHTS, RANKER_RIGHTS, warnWithoutBuckets } from "./rights.ts";
import { UnfitStore } from "./unfit-store.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const topology = createTopology(["EU"], 1, ["main"]);
const place = { topology, regions: ["EU"], withAccounts: true };
const silent = createLog("test", "silent");

async function connect(url: string): Promise<Redis> {
  const redis = connectRedis({ url, name: "test", log: silent });
  closing.push(() => redis.disconnect());
  await awaitReady(redis, 5_000);
  return redis;
}

/** A connection of a user with these rules, and of no other rights. */
async function connectAs(rules: string, command = "redis-server"): Promise<Redis> {
  const args = `--user ranker on >secret &* ${rules}`.split(" ");
  const server = await scratchRedis(args, {}, command);
  closing.push(() => server.dispose());
  return connect(server.url.replace("//", "//ranker:secret@"));
}

const ENOUGH = "+@all -@admin -@dangerous +info";

describe.each(redisServers)("on %s", (_, command) => {
  test.each([
    [`~* +@all`, RANKER_RIGHTS],
    [`~* ${ENOUGH}`, RANKER_RIGHTS],
    [`~* ${ENOUGH}`, DRAINER_RIGHTS],
    [`~*{EU}* ~*{accounts}* ${ENOUGH}`, DRAINER_RIGHTS],
    [`~* +@connection +@scripting +${RANKER_RIGHTS.join(" +").toLowerCase()}`, RANKER_RIGHTS],
    [`~* +@connection +@scripting +${DRAINER_RIGHTS.join(" +").toLowerCase()}`, DRAINER_RIGHTS],
  ])("a user with %s may do everything", async (rules, rights) => {
    await checkRights(await connectAs(rules, command), rights, place);
  });

  test.each([
    [`~* ${ENOUGH} -@scripting`, "'evalsha' command: services run scripts, so allow its user +@scripting"],
    [`~* ${ENOUGH} -eval`, "'eval' command: services run scripts, so allow its user +@scripting"],
    [`~foo* ${ENOUGH}`, "services use keys such as clock:{EU}, so allow its user ~*"],
    [`~*{EU}* ${ENOUGH}`, "services use keys such as clock:{accounts}, so allow its user ~*"],
    [`~clock:* ${ENOUGH}`, "does not let its user use queue:scores:{EU}, "],
    [`%R~* ~clock:* ${ENOUGH}`, "does not let its user use queue:scores:{EU}, "],
    [`~* ${ENOUGH} -zadd -lpush`, "does not let its user run LPUSH, ZADD: allow +lpush +zadd"],
    [`~* ${ENOUGH} -@sortedset`, "does not let its user run ZADD, ZREM, ZSCORE, ZCARD"],
  ])("a user with %s is refused with what to allow", async (rules, words) => {
    const refused = checkRights(await connectAs(rules, command), RANKER_RIGHTS, place);
    await expect(refused).rejects.toBeInstanceOf(UnfitStore);
    await expect(refused).rejects.toThrow(words);
  });
});

test("the rights are checked on each slot of a cluster", async () => {
  const cluster = await scratchCluster();
  closing.push(() => cluster.dispose());
  await checkRights(await connect(cluster.url), DRAINER_RIGHTS, place);
});

test("a gateway that may not count its limits in Redis says so in the log", async () => {
  const lines: string[] = [];
  const log = createLog("test", "warn", { write: (line) => void lines.push(line) });
  const redis = await connectAs(`~* ${ENOUGH} -@scripting`);
  await warnWithoutBuckets({ of: () => redis }, ["EU"], log);
  expect(lines.join("")).toContain("allow its user +@scripting");
});

test("every command of a script is among the rights of the services that run it", async () => {
  const root = join(import.meta.dir, "../../..");
  const missing: string[] = [];
  for await (const file of new Glob("{ranker,drainer,shared}/src/**/*.lua").scan(root)) {
    const text = await Bun.file(join(root, file)).text();
    const rights = file.startsWith("ranker") ? [RANKER_RIGHTS] : [DRAINER_RIGHTS];
    if (file.startsWith("shared")) rights.push(RANKER_RIGHTS);
    for (const [, command = ""] of text.matchAll(/\.p?call\(\s*'([A-Z]+)'/g)) {
      if (!rights.every((each) => each.includes(command))) missing.push(`${file}: ${command}`);
    }
  }
  expect(missing).toEqual([]);
});
