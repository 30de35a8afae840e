import { beforeEach, expect, test } from "bun:test";
import { createTopology, shardOf, shardsOf } from "shared/model/regions";
import { boardsKey, clockKey, moverKey, splitKey } from "shared/redis/keys";
import type { Stores } from "shared/stores/stores";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { keysOf } from "testing/whole-store";
import { scoreEvent, sidesUnderTest, startUnderTest } from "../../test/drainer-under-test.ts";
import { boardEvent, MANY_BOARDS, standingOf } from "../../test/many-boards.ts";
import { restore } from "../restore/restore.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { upsertVisibility } from "../rows/upsert-visibility.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import { entrySweeps } from "../subjects/subjects.ts";
import { repartition } from "./repartition.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const { stores, databases } = await sidesUnderTest(it, createTopology(["EU"], 1, ["main"]));
const topologyOf = (partitions: number) => createTopology(["EU"], partitions, ["main"]);
const PLAYERS = ["p0", "p1", "p2", "p3"];
const HIDDEN = "p2";

/** A region of so many partitions, with four players on three pages of boards; one is hidden. */
async function prepare(partitions: number): Promise<void> {
  const topology = topologyOf(partitions);
  await openFences(redis, topology);
  await redis.set(splitKey("EU"), String(partitions));
  await database.run((sql) =>
    upsertSettings(
      sql,
      MANY_BOARDS.map((id, n) => boardEvent(id, 5_000 + n)),
    ),
  );
  const rows = PLAYERS.flatMap((id, n) => MANY_BOARDS.map((board) => scoreEvent(id, n, 1_000 + n, { board })));
  await database.run((sql) => upsertScores(sql, rows));
  await database.run((sql) =>
    upsertVisibility(sql, [{ user_id: HIDDEN, region: "EU", hidden: true, updated_at: "2000" }]),
  );
  await restore({ topology, stores, databases });
}

const move = (to: number, from: Stores = stores) =>
  Array.fromAsync(repartition({ topology: topologyOf(1), to, stores: from, databases, batchMax: 100 }));

async function expectMoved(to: number): Promise<void> {
  const topology = topologyOf(to);
  for (const shard of topology.shards) {
    const known = await redis.hgetall(boardsKey(shard));
    expect(known).toEqual(Object.fromEntries(MANY_BOARDS.map((id, n) => [id, `${5_000 + n} open`])));
  }
  for (const id of PLAYERS) {
    const all = id === HIDDEN ? { ranked: 0, hidden: 250 } : { ranked: 250, hidden: 0 };
    expect(await standingOf(redis, shardOf(topology, "EU", id), id)).toEqual({ recorded: 250, ...all });
  }
  const drifts: unknown[] = [];
  for (const sweep of entrySweeps({ topology, stores, databases }, topology.shards)) {
    await sweep({ isFixing: false, onDrift: (drift) => drifts.push(drift) });
  }
  expect(drifts).toEqual([]);
  const tags = new Set(topology.shards.map(({ tag }) => tag));
  const keys = (await keysOf(redis, "*{EU*")).filter((key) => !key.startsWith("split:"));
  expect(keys.filter((key) => !tags.has(/{(.*)}/.exec(key)?.[1] ?? ""))).toEqual([]);
}

beforeEach(async () => {
  await it.clear();
  for (const key of await keysOf(redis, "fence:{EU*")) await redis.del(key);
});

test.each([
  [1, 4],
  [4, 16],
  [4, 1],
])(
  "from %d to %d partitions the boards that operators made move with their revisions and entries",
  async (from, to) => {
    await prepare(from);
    expect(await move(to)).toMatchObject([{ from, broken: 0 }]);
    await expectMoved(to);
  },
  60_000,
);

test("the highest revision that an old shard knows is told to all new ones", async () => {
  await prepare(4);
  const [first, second] = shardsOf("EU", 4);
  if (first === undefined || second === undefined) throw new Error("no shards");
  await redis.hset(boardsKey(first), "cup", "7000 open", "race", "8000 deleting");
  await redis.hset(boardsKey(second), "cup", "9000 open", "odd", "of no service");
  await move(1);
  const [only] = shardsOf("EU", 1);
  if (only === undefined) throw new Error("no shard");
  expect(await redis.hmget(boardsKey(only), "cup", "race", "odd")).toEqual(["9000 open", "8000 deleting", null]);
  expect(Number(await redis.get(clockKey(only)))).toBeGreaterThan(0);
});

test("a move that ends while it removes what it copied comes to the same result when it is run again", async () => {
  await prepare(1);
  let left = 3; // boards whose keys are removed before the end
  const ending = new Proxy(redis, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "unlink" && left-- <= 0) return Promise.reject(new Error("ended"));
        return member.apply(target, args);
      };
    },
  });
  await expect(move(4, { ...stores, of: () => ending })).rejects.toThrow("ended");
  await redis.del(moverKey("EU")); // the lease has run out
  await move(4);
  await expectMoved(4);
}, 60_000);

test("a region is not moved while a season of a board there is ending, and nothing has changed then", async () => {
  await prepare(1);
  await database.run(
    (sql) => sql`
      INSERT INTO ended_seasons (ranking, region, board, season, starts_at, ends_at)
      VALUES ('cup@3', 'EU', 'cup', 3, now(), now())`,
  );
  await expect(move(4)).rejects.toThrow("1 season of EU ended and is not archived, such as 3 of board cup");
  expect(await redis.get(splitKey("EU"))).toBe("1");
  await database.run((sql) => sql`UPDATE ended_seasons SET state = 'final', settled = TRUE`);
  expect(await move(4)).toMatchObject([{ from: 1 }]);
});
