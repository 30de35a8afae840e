import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { connectRedis, isCluster } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../../test/ranker-under-test.ts";

let under: UnderTest;
const ran: string[] = [];
/** Turns of the event loop in which Redis answered `find-ranks`. */
let findTurns = 0;
let isTurnCounted = false;
beforeAll(async () => {
  under = await startUnderTest();
  observeScripts(under.redis, (script) => {
    ran.push(script);
    if (script !== "find-ranks" || isTurnCounted) return;
    findTurns++;
    isTurnCounted = true;
    setImmediate(() => {
      isTurnCounted = false;
    });
  });
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const PLAYERS = 120;
const ids = Array.from({ length: PLAYERS }, (_, n) => `p${n}`);

/** Every player has one of ten scores; the earlier in the list, the better, and first in line. */
async function build(regions: readonly string[], partitions: number): Promise<Built> {
  const ranker = await under.build({ topology: createTopology(regions, partitions, ["main"]) });
  for (const [n, id] of ids.entries()) {
    const value = 10 - Math.floor(n / (PLAYERS / 10));
    await ranker.submit(player(id, regions[n % regions.length]), { operation: "set", board: "main", value });
  }
  ran.length = 0;
  findTurns = 0;
  return ranker;
}

test("concurrent rank reads share a call of up to sixty-four, and each gets its own answer", async () => {
  const { boards } = await build(["EU"], 1);
  const asked = await Promise.allSettled([...ids, "nobody"].map((id) => boards.rank("EU", "main", id)));
  const ranks = asked.map((one) =>
    one.status === "fulfilled" ? [one.value.user_id, one.value.rank] : one.reason.code,
  );
  expect(ranks).toEqual([...ids.map((id, n) => [id, n + 1]), "not_ranked"]);
  expect(ran).toEqual(["find-ranks", "find-ranks"]);
});

test.each([1, 4])(
  "concurrent rank reads over shards share calls for all shards of a server, and are exact, with %d partitions",
  async (partitions) => {
    const { boards, topology } = await build(REGIONS, partitions);
    const asked = await Promise.all(ids.slice(0, 60).map((id) => boards.rank("GLOBAL", "main", id)));
    expect(asked.map(({ user_id, rank, total }) => [user_id, rank, total])).toEqual(
      ids.slice(0, 60).map((id, n) => [id, n + 1, PLAYERS]),
    );
    const shards = topology.shards.length;
    expect(new Set(ran)).toEqual(new Set(["find-ranks"]));
    // On one server each call looks for 256 players a shard at most.
    if (!isCluster(under.redis)) expect(ran).toHaveLength(Math.ceil(60 / Math.floor(256 / shards)));
    // Each shard of a cluster is asked for its players, and then for the positions of the others.
    // Replies of its servers come in several turns, and each turn leads to a call a shard.
    else expect(ran.length).toBeWithin(2 * shards, shards * (1 + findTurns) + 1);
  },
);

test("concurrent rank reads all fail when the store is away", async () => {
  const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
  try {
    const { boards } = await under.build({ redisOf: () => down });
    const asked = await Promise.allSettled(ids.map((id) => boards.rank("EU", "main", id)));
    for (const one of asked) expect(one).toMatchObject({ status: "rejected", reason: { code: "region_unavailable" } });
  } finally {
    down.disconnect();
  }
});

test("a shard whose entries are being moved answers no rank", async () => {
  const { boards, topology } = await build(["EU", "NA"], 1);
  for (const { tag } of topology.shards) await under.redis.set(`split:{${tag}}`, "1>4 moving");
  for (const view of ["EU", "GLOBAL"]) {
    await expect(boards.rank(view, "main", "p0")).rejects.toMatchObject({ code: "region_unavailable" });
  }
  await under.redis.set("split:{EU}", "1");
  await expect(boards.rank("GLOBAL", "main", "p0")).rejects.toMatchObject({ code: "region_unavailable" });
  expect(await boards.rank("EU", "main", "p0")).toMatchObject({ rank: 1 });
});
