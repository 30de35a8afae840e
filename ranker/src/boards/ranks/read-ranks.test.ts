import { beforeEach, describe, expect, test } from "bun:test";
import type { RankView } from "shared/api/boards";
import type { PlayerBoardsView, RanksView } from "shared/api/reads/ranks";
import { createTopology } from "shared/model/regions";
import { splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest } from "../../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const second = await forFile(scratchRedisClient());
beforeEach(async () => {
  await Promise.all([flushAll(under.redis), flushAll(second.redis)]);
});

const PLAYERS = 200;
const ids = Array.from({ length: PLAYERS }, (_, n) => `p${n}`);
const regionOf = (n: number) => REGIONS[n % REGIONS.length] ?? "";
const nobodies = ["nobody", "p1000"];

let calls = new Map<Redis, number>();
for (const redis of [under.redis, second.redis]) {
  observeScripts(redis, () => void calls.set(redis, (calls.get(redis) ?? 0) + 1));
}

const onOne = () => under.redis;
const onTwo = (region: string) => (region === "EU" || region === "NA" ? second.redis : under.redis);
const isCluster = under.redis.isCluster === true;

/** Players of all regions, of whom every few share a score, and every tenth is hidden. */
async function build(partitions: number, redisOf: (region: string) => Redis = onOne, fields = {}): Promise<Built> {
  const topology = createTopology(REGIONS, partitions, ["main"]);
  await openFences(second.redis, topology);
  const ranker = await under.build({ topology, redisOf });
  const root = await ranker.tokens.issueOperator({ name: "root" }, 60);
  const defined = await ranker.app.request("/boards/cup", {
    method: "PUT",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${root}` },
    body: JSON.stringify({ metadata_bytes_max: 100, ...fields }),
  });
  expect(defined.status).toBe(201);
  await Promise.all(
    ids.map((id, n) =>
      ranker.submit(player(id, regionOf(n)), {
        operation: "set",
        board: "cup",
        value: (n * 7) % 40,
        metadata: { n },
      }),
    ),
  );
  for (let n = 0; n < PLAYERS; n += 10) await ranker.setVisibility(player(`p${n}`, regionOf(n)), { hidden: true });
  calls = new Map();
  return ranker;
}

async function ask(ranker: Built, body: object): Promise<{ status: number; body: RanksView & { code?: string } }> {
  const response = await ranker.post("/ranks", { board: "cup", ...body });
  return { status: response.status, body: (await response.json()) as RanksView };
}

describe.each([1, 16])("with %d partitions a region", (partitions) => {
  test.each([
    ["desc", "one server", onOne],
    ["asc", "two servers", onTwo],
  ] as const)("%s on %s, ranks of many are those that each has alone, in their order", async (order, _, redisOf) => {
    const ranker = await build(partitions, redisOf, { order });
    const views = ["GLOBAL", "NA"].flatMap((region) =>
      (["arrival", "shared"] as const).map((ties) => ({ region, ties })),
    );
    for (const { region, ties } of views) {
      const { body } = await ask(ranker, { region, ties, ids: [...nobodies, ...ids].slice(0, PLAYERS) });
      const shown: RankView[] = [];
      const missing: string[] = [...nobodies];
      for (const id of ids.slice(0, PLAYERS - nobodies.length)) {
        const found = await ranker.boards.rank(region, "cup", id, { ties }).catch(() => undefined);
        if (found === undefined) missing.push(id);
        else {
          const { total, percentile: _, ...entry } = found;
          expect(total).toBe(body.total);
          shown[(await ranker.boards.rank(region, "cup", id)).rank] = entry as RankView;
        }
      }
      const inOrder = shown.filter((entry) => entry !== undefined);
      const placeOf = ({ score }: RankView) => 1 + inOrder.findIndex((entry) => entry.score === score);
      expect<unknown>(body.entries).toEqual(
        inOrder.map((entry, index) => ({ ...entry, position: ties === "shared" ? placeOf(entry) : index + 1 })),
      );
      expect(body.not_ranked).toEqual(missing);
      expect(body.unknown).toBeUndefined();
    }
  });

  test("a server is asked by one script call, and by one more where the view has another", async () => {
    const friends = ids.slice(0, 50);
    const one = await build(partitions);
    expect((await ask(one, { ids: friends })).body.entries).toHaveLength(45);
    const shards = one.topology.shards.length;
    // A node of a cluster is asked for one shard a call, first for players, then for positions.
    expect(calls.get(under.redis)).toBeLessThanOrEqual(isCluster ? 2 * shards : Math.ceil((50 * shards) / 1_024));
    expect((await ask(one, { region: "EU", ids: friends })).body.entries.length).toBeGreaterThan(0);
    await Promise.all([flushAll(under.redis), flushAll(second.redis)]);
    const two = await build(partitions, onTwo);
    await ask(two, { ids: friends });
    for (const redis of [under.redis, second.redis]) {
      expect(calls.get(redis)).toBeLessThanOrEqual(isCluster ? 2 * shards : 2 * Math.ceil((25 * shards) / 1_024) + 2);
    }
  });
});

test.each(["arrival", "shared"] as const)("ranks by %s with metadata are those without", async (ties) => {
  const ranker = await build(1, onTwo);
  const { body } = await ask(ranker, { ties, ids: ids.slice(0, 60) });
  const detailed = await ask(ranker, { ties, ids: ids.slice(0, 60), with: "metadata" });
  expect(detailed.body.entries).toMatchObject(body.entries);
});

test("metadata comes where it is asked for", async () => {
  const ranker = await build(1);
  const { body } = await ask(ranker, { ids: ["p3", "p4"], with: "metadata" });
  expect(body.entries.map(({ user_id, metadata }) => [user_id, metadata])).toEqual([
    ["p4", { n: 4 }],
    ["p3", { n: 3 }],
  ]);
  const without = await ask(ranker, { ids: ["p3"] });
  expect(without.body.entries[0]?.metadata).toBeUndefined();
});

test("an id that is given twice is answered once, in one position", async () => {
  const ranker = await build(1);
  const { body } = await ask(ranker, { ids: ["p3", "nobody", "p3", "nobody"] });
  expect(body.entries.map(({ user_id, position }) => [user_id, position])).toEqual([["p3", 1]]);
  expect(body.not_ranked).toEqual(["nobody"]);
});

test("a region that is away is refused, or leaves its players unknown in a partial answer", async () => {
  const ranker = await build(4);
  const moving = ranker.topology.shards.findLast(({ region }) => region === "EU");
  await under.redis.set(splitKey(moving?.tag ?? ""), "4>9 moving");
  expect(await ask(ranker, { ids: ["p1", "p2"] })).toMatchObject({
    status: 503,
    body: { code: "region_unavailable", missing_regions: ["EU"] },
  });
  const partial = (await ask(ranker, { ids: ["p1", "p2", "nobody"], partial: "allow" })).body;
  expect(partial).toMatchObject({ total: 140, not_ranked: [], unknown: ["p2", "nobody"], missing_regions: ["EU"] });
  const alone = await ranker.boards.rank("GLOBAL", "cup", "p1", { allowsPartial: true });
  expect(partial.entries).toMatchObject([{ user_id: "p1", rank: alone.rank, position: 1 }]);
  expect((await ask(ranker, { ids: ["p1", "nobody"], region: "ASIA", partial: "allow" })).body).toMatchObject({
    not_ranked: ["nobody"],
    unknown: [],
    missing_regions: [],
  });
});

test.each([
  ["no ids", { ids: [] }, "ids"],
  ["201 ids", { ids: Array.from({ length: 201 }, (_, n) => `p${n}`) }, "ids"],
  ["one id that is no list", { ids: "p1" }, "ids"],
  ["an empty body", {}, "ids"],
  ["what is no id", { ids: ["p1", "a b"] }, "ids.1"],
  ["what is no season", { ids: ["p1"], season: "next" }, "season"],
  ["a season of a board without any", { ids: ["p1"], season: 1 }, "season"],
  ["what is no region", { ids: ["p1"], region: "MOON" }, "region"],
  ["an unknown field", { ids: ["p1"], limit: 3 }, "limit"],
])("%s is refused by the name of the field", async (_, body, field) => {
  const ranker = await build(1);
  expect(await ask(ranker, body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
});

test("200 of the longest ids fit into a body", async () => {
  const ranker = await build(1);
  const long = ids.map((id) => id.padEnd(64, "x"));
  const { status, body } = await ask(ranker, { region: "GLOBAL", partial: "allow", with: "metadata", ids: long });
  expect([status, body.not_ranked?.length]).toEqual([200, 200]);
});

describe("a player's boards", () => {
  const read = async (ranker: Built, query: string, headers: Record<string, string> = {}) => {
    const response = await ranker.app.request(`/players/p3/boards?${query}`, { headers });
    return { status: response.status, body: (await response.json()) as PlayerBoardsView & { code?: string } };
  };

  test("are answered in their order as each alone, and one that has no answer says why", async () => {
    const ranker = await build(4);
    const { body } = await read(ranker, "boards=none,cup,main,cup&region=NA");
    const { body: alone } = await read(ranker, "boards=cup&region=NA");
    expect(alone.boards[0]).toMatchObject({ board: "cup", status: 200, rank: expect.any(Number), total: 50 });
    expect(body).toEqual({
      user_id: "p3",
      region: "NA",
      boards: [
        { board: "none", status: 404, code: "board_not_found", detail: "There is no board none." },
        ...alone.boards,
        { board: "main", status: 404, code: "not_ranked", detail: "p3 has no entry on board main of NA." },
      ],
    });
    const single = (await (await ranker.app.request("/rank/p3?board=cup&region=NA")).json()) as object;
    expect(alone.boards).toEqual([{ board: "cup", status: 200, ...single }] as never);
    expect((await read(ranker, "boards=cup,main&season=previous")).body.boards).toMatchObject([
      { board: "cup", status: 400, code: "invalid_request" },
      { board: "main", status: 400 },
    ]);
  });

  test("for operators are for them alone, and refuse the whole call of another", async () => {
    const ranker = await build(1, onOne, { readers: "operators" });
    expect(await read(ranker, "boards=main,cup")).toMatchObject({ status: 401, body: { code: "missing_token" } });
    const root = await ranker.tokens.issueOperator({ name: "root" }, 60);
    const { body } = await read(ranker, "boards=main,cup", { Authorization: `Bearer ${root}` });
    expect(body.boards.map(({ status }) => status)).toEqual([404, 200]);
  });

  test.each([
    ["no boards", "", "boards"],
    ["an empty list", "boards=", "boards.0"],
    ["what is no board", "boards=cup,A", "boards.1"],
    ["33 boards", `boards=${ids.slice(0, 33).join()}`, "boards"],
    ["an unknown field", "boards=cup&board=main", "board"],
  ])("%s is refused by the name of the field", async (_, query, field) => {
    const ranker = await build(1);
    expect(await read(ranker, query)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });
});
