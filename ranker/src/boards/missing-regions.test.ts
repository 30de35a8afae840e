import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { connectRedis, type Redis } from "shared/redis/redis";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";

let under: UnderTest;
let down: Redis;
const away = new Set<string>();
beforeAll(async () => {
  under = await startUnderTest();
  down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
});
afterAll(() => {
  down.disconnect();
  return under.close();
});
beforeEach(async () => {
  away.clear();
  await flushAll(under.redis);
});

const PLAYERS = 24;
const regionOf = (n: number) => REGIONS[n % REGIONS.length] ?? "";

/** Players of all regions. A higher number has a higher score. */
async function build(partitions: number): Promise<Built> {
  const topology = createTopology(REGIONS, partitions, ["main"]);
  const ranker = await under.build({ topology, redisOf: (region) => (away.has(region) ? down : under.redis) });
  for (let n = 0; n < PLAYERS; n++) {
    await ranker.submit(player(`p${n}`, regionOf(n)), { operation: "set", board: "main", value: n });
  }
  return ranker;
}

async function read({ app }: Built, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await app.request(path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe.each([1, 4])("with %d partitions a region", (partitions) => {
  test("a view with a region that is away is 503, and names the region", async () => {
    const ranker = await build(partitions);
    away.add("NA").add("ASIA");
    for (const path of ["/top", "/rank/p2", "/around/p2", "/rank/p1", "/top?region=GLOBAL&limit=1"]) {
      const { status, body } = await read(ranker, path);
      expect(body).toMatchObject({ code: "region_unavailable", missing_regions: ["ASIA", "NA"] });
      expect([status, body.detail]).toEqual([503, "The entries of ASIA, NA cannot be read now; try again."]);
    }
    expect((await ranker.app.request("/top")).headers.get("Retry-After")).toBe("1");
  });

  test("views of other regions answer as ever", async () => {
    const ranker = await build(partitions);
    const paths = ["/top?region=EU", "/rank/p2?region=EU", "/around/p2?region=EU"];
    const before = await Promise.all(paths.map((path) => read(ranker, path)));
    away.add("ASIA");
    expect(await Promise.all(paths.map((path) => read(ranker, path)))).toEqual(before);
    for (const partial of ["", "&partial=allow"]) {
      const { status, body } = await read(ranker, `/top?region=ASIA${partial}`);
      expect([status, body.code, body.missing_regions]).toEqual([503, "region_unavailable", ["ASIA"]]);
    }
  });

  test("partial=allow answers exactly what the other regions hold, and names the missing ones", async () => {
    const ranker = await build(partitions);
    away.add("ASIA");
    const present = Array.from({ length: PLAYERS }, (_, n) => n).filter((n) => regionOf(n) !== "ASIA");
    const inOrder = present.toReversed().map((n) => `p${n}`);
    const top = await read(ranker, "/top?partial=allow");
    expect(top.body).toMatchObject({ total: present.length, missing_regions: ["ASIA"] });
    expect((top.body.entries as { user_id: string }[]).map(({ user_id }) => user_id)).toEqual(inOrder);
    for (const [index, id] of inOrder.entries()) {
      const { status, body } = await read(ranker, `/rank/${id}?partial=allow`);
      expect([status, body.rank, body.total, body.missing_regions]).toEqual([200, index + 1, present.length, ["ASIA"]]);
    }
    const { around, ...rest } = (await read(ranker, "/around/p11?partial=allow&range=2")).body;
    const at = inOrder.indexOf("p11");
    expect(rest).toMatchObject({ total: present.length, self: { rank: at + 1 }, missing_regions: ["ASIA"] });
    expect((around as { user_id: string }[]).map(({ user_id }) => user_id)).toEqual(
      [at - 2, at - 1, at + 1, at + 2].map((place) => inOrder[place] ?? ""),
    );
  });

  test("a partial answer has shared ranks among the regions that are there, and the place of a score", async () => {
    const ranker = await build(partitions);
    // Each score has a player of every region; the lowest ones have two.
    for (let n = 0; n < PLAYERS; n++) {
      const value = Math.floor(n / REGIONS.length) || 1;
      await ranker.submit(player(`p${n}`, regionOf(n)), { operation: "set", board: "main", value });
    }
    away.add("ASIA");
    const present = Array.from({ length: PLAYERS }, (_, n) => n).filter((n) => regionOf(n) !== "ASIA");
    const scoreOf = (n: number) => Math.floor(n / REGIONS.length) || 1;
    const rankOf = (score: number) => 1 + present.filter((n) => scoreOf(n) > score).length;
    const shared = "partial=allow&ties=shared";
    const { entries } = (await read(ranker, `/top?${shared}`)).body as { entries: { rank: number; score: number }[] };
    expect(entries.map(({ rank }) => rank)).toEqual(entries.map(({ score }) => rankOf(score)));
    for (const n of present) {
      expect((await read(ranker, `/rank/p${n}?${shared}`)).body.rank).toBe(rankOf(scoreOf(n)));
      const { body } = await read(ranker, `/around/p${n}?${shared}&range=2`);
      const near = body.around as { rank: number; score: number }[];
      expect(near.map(({ rank }) => rank)).toEqual(near.map(({ score }) => rankOf(score)));
    }
    for (const score of [0, 1, 3, 9]) {
      const ahead = present.filter((n) => scoreOf(n) >= score).length;
      const target = `/around?score=${score}&range=2&partial=allow`;
      const total = present.length;
      const missing_regions = ["ASIA"];
      expect((await read(ranker, target)).body).toMatchObject({ total, would_be_rank: 1 + ahead, missing_regions });
      expect((await read(ranker, `${target}&ties=shared`)).body.would_be_rank).toBe(rankOf(score));
      expect((await read(ranker, `/around?score=${score}`)).status).toBe(503);
    }
    expect((await read(ranker, "/around?score=3&region=ASIA&partial=allow")).status).toBe(503);
  });

  test("partial=allow with no region missing answers the same, and says so", async () => {
    const ranker = await build(partitions);
    for (const path of ["/top?limit=5", "/rank/p7?board=main", "/around/p7?range=2", "/around?score=7"]) {
      const { body } = await read(ranker, path);
      expect(body).not.toHaveProperty("missing_regions");
      expect((await read(ranker, `${path}&partial=allow`)).body).toEqual({ ...body, missing_regions: [] });
    }
  });

  test("a player who may be in a region that is away is not called unranked", async () => {
    const ranker = await build(partitions);
    away.add("ASIA");
    for (const id of ["p1", "nobody"]) {
      expect(await read(ranker, `/rank/${id}?partial=allow`)).toMatchObject({
        status: 503,
        body: { code: "region_unavailable", missing_regions: ["ASIA"] },
      });
    }
    expect((await read(ranker, "/rank/nobody?region=EU&partial=allow")).body.code).toBe("not_ranked");
  });

  test("with every region away a partial answer is refused", async () => {
    const ranker = await build(partitions);
    for (const region of REGIONS) away.add(region);
    const { status, body } = await read(ranker, "/top?partial=allow");
    expect([status, body.missing_regions]).toEqual([503, ["ASIA", "EU", "GLOBAL", "NA"]]);
  });

  test("a write stands although the rank over its view cannot be read", async () => {
    const ranker = await build(partitions);
    away.add("ASIA");
    const written = await ranker.submit(player("p0", "GLOBAL"), { operation: "add", board: "main", value: 5 });
    expect(written.entry).toMatchObject({ score: 5, rank: null });
    const asian = ranker.submit(player("p1", "ASIA"), { operation: "add", board: "main", value: 5 });
    await expect(asian).rejects.toMatchObject({ code: "unavailable", status: 503 });
  });
});

test.each(["true", "", "ALLOW"])("partial=%s is refused", async (value) => {
  const ranker = await build(1);
  const { status, body } = await read(ranker, `/top?partial=${value}`);
  expect([status, body.errors]).toEqual([400, [{ field: "partial", message: 'must be "allow"' }]]);
});

test("an internal fault is not reported as a missing region", async () => {
  const ranker = await build(1);
  await under.redis.set("leaderboard:{ASIA}", "no ranking");
  for (const path of ["/top", "/top?partial=allow"]) expect((await read(ranker, path)).body.code).toBe("internal");
});
