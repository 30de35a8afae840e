import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { RankView, TopView } from "shared/api/boards";
import type { PlayerRecord } from "shared/api/players";
import { Problem } from "shared/api/problems";
import { toIsoTime } from "shared/base/times";
import { createTopology } from "shared/model/regions";
import { boardsKey, clockKey, entryKeys } from "shared/redis/keys";
import { observeScripts } from "shared/redis/scripts/define-script";
import { openFences } from "testing/open-fences";
import { canStepClocks, startSteppedRedis } from "testing/redis/stepped-redis";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, readEvents, readSeason, setNextVersion } from "../../test/season-board.ts";

const topology = createTopology(REGIONS, 8, ["main"]);
const HOUR_SECONDS = 3_600;
const [starts, ends] = [hoursFromNow(-1), hoursFromNow(1)];
const later = [1, 2, 3, 4, 5].map((hours) => hoursFromNow(1 + hours));
const plan = [starts, ends].concat(later);
const add = (value: number) => ({ operation: "add", board: "cup", value }) as const;
const fields = { operator: "add", operators: ["add"] };
const codeOf = (error: unknown) => (error instanceof Problem ? error.code : error);
const refusal = (read: Promise<unknown>) => read.then(() => "read", codeOf);

// Without a C compiler no clock steps; the tests of writes set the versions ahead instead.
describe.skipIf(!canStepClocks)("reads of a board with seasons (needs cc)", () => {
  let stepped: Awaited<ReturnType<typeof startSteppedRedis>>;
  let under: UnderTest;
  let ranker: Built;
  beforeAll(async () => {
    stepped = await startSteppedRedis();
    under = await startUnderTest(stepped);
  });
  afterAll(() => under.close());
  beforeEach(async () => {
    await stepped.setClock(0);
    await flushAll(stepped.redis);
    await openFences(stepped.redis, topology);
    ranker = await under.build({ topology });
    await defineSeasons(stepped.redis, { at: plan, fields });
  });

  const ids = Array.from({ length: 40 }, (_, n) => `p-${n}`);
  const write = (value: number, some = ids) =>
    Promise.all(some.map((id, n) => ranker.submit(player(id, REGIONS[n % 4]), add(value + n))));
  const passEnd = () => stepped.setClock(HOUR_SECONDS + 1);
  function shardThat(runs: number, found: readonly (number | undefined)[]) {
    const shard = topology.shards[found.indexOf(runs)];
    if (shard === undefined) throw new Error(`no shard is in season ${runs}`);
    return shard;
  }
  const seasons = () => Promise.all(topology.shards.map((shard) => readSeason(stepped.redis, shard)));
  const scoresOf = ({ entries }: Pick<TopView, "entries">) => entries.map(({ score }) => score);

  test("an answer says which season it is of, and when that begins and ends", async () => {
    await write(1, ["ada"]);
    const times = { season: 1, starts_at: toIsoTime(starts), ends_at: toIsoTime(ends) };
    expect(await ranker.boards.top("GLOBAL", "cup", 10)).toMatchObject({ total: 1, ...times });
    expect(await ranker.boards.rank("GLOBAL", "cup", "ada")).toMatchObject({ rank: 1, total: 1, ...times });
    expect(await ranker.boards.around("GLOBAL", "cup", "ada", 2)).toMatchObject({ total: 1, ...times });
    const { season } = (await (await ranker.app.request("/top?board=main")).json()) as TopView;
    expect(season).toBeUndefined();
  });

  test("32 idle shards end the season at its first read behind the end, each once", async () => {
    await write(1);
    expect((await ranker.boards.top("GLOBAL", "cup", 100)).total).toBe(40);
    await passEnd();
    const rankers = await Promise.all([under.build({ topology }), under.build({ topology })]);
    const readers = [ranker].concat(rankers);
    const tops = await Promise.all(readers.map(({ boards }) => boards.top("GLOBAL", "cup", 100)));
    for (const top of tops) expect(top).toMatchObject({ season: 2, total: 0, starts_at: toIsoTime(ends) });
    expect(new Set(await seasons())).toEqual(new Set([2]));
    let counted = 0;
    for (const shard of topology.shards) {
      const ended = (await readEvents(stepped.redis, shard)).filter((event) => "season_ended" in event);
      expect(ended).toHaveLength(1);
      expect(ended[0]).toMatchObject({ season_ended: 1, ends_at: String(ends), board: "cup", region: shard.region });
      counted += Number(ended[0]?.count);
    }
    expect(counted).toBe(40);
    expect(await refusal(ranker.boards.rank("GLOBAL", "cup", "p-0"))).toBe("not_ranked");
  });

  test("a shard that was never written in the board begins with the season that runs, and ends those before", async () => {
    await passEnd();
    expect(await ranker.boards.top("EU", "cup", 10)).toMatchObject({ season: 2, total: 0 });
    expect(await seasons()).toContain(2);
    expect((await readEvents(stepped.redis, shardThat(2, await seasons())))[0]).toMatchObject({
      season_ended: 1,
      count: 0,
    });
  });

  test("a read is of one season although one shard is ahead of the others", async () => {
    await write(1);
    const [ahead] = topology.shards;
    if (ahead === undefined) throw new Error("no shard");
    await ranker.boards.top("GLOBAL", "cup", 100);
    await setNextVersion(stepped.redis, ahead, ends);
    const written = await write(100);
    const inNext = written.filter(({ entry }) => entry.season === 2).length;
    expect(inNext).toBeGreaterThan(0);
    const top = await ranker.boards.top("GLOBAL", "cup", 100);
    expect([top.season, top.total]).toEqual([2, inNext]);
    // One by one, the others are in the season before until their own clock is there.
    expect(new Set((await seasons()).slice(1))).toEqual(new Set([1]));
    const previous = await ranker.boards.top("GLOBAL", "cup", 100, { season: "previous" });
    expect([previous.season, previous.total]).toEqual([1, 40]);
  });

  test("a season that has ended is read exactly while its keys are there", async () => {
    await write(1);
    const before = await ranker.boards.top("GLOBAL", "cup", 100);
    await passEnd();
    await write(50, ids.slice(0, 3));
    for (const season of ["previous", 1] as const) {
      const top = await ranker.boards.top("GLOBAL", "cup", 100, { season });
      expect(top.entries).toEqual(before.entries);
      expect(top).toMatchObject({ season: 1, total: 40, starts_at: toIsoTime(starts), ends_at: toIsoTime(ends) });
    }
    const rank = await ranker.boards.rank("GLOBAL", "cup", "p-39", { season: "previous", withDetails: true });
    expect(rank).toMatchObject({ rank: 1, total: 40, season: 1 });
    const around = await ranker.boards.around("GLOBAL", "cup", "p-39", 2, { season: 1 });
    expect([around.season, around.around.length]).toEqual([1, 4]);
    expect(scoresOf(await ranker.boards.top("GLOBAL", "cup", 100))).toEqual([52, 51, 50]);
  });

  test("a season whose keys may be gone is an archive, and one that has not begun is none", async () => {
    await write(1);
    await passEnd();
    await ranker.boards.top("GLOBAL", "cup", 1);
    for (const shard of topology.shards) {
      const text = (await stepped.redis.hget(boardsKey(shard), "cup")) ?? "";
      await stepped.redis.hset(boardsKey(shard), "cup", text.replace(/^(\d+ \w+ 2) 1/, "$1 2"));
    }
    expect(await refusal(ranker.boards.top("GLOBAL", "cup", 1, { season: "previous" }))).toBe("archives_unavailable");
    expect(await refusal(ranker.boards.top("GLOBAL", "cup", 1, { season: 3 }))).toBe("season_not_found");
    expect(await refusal(ranker.boards.top("GLOBAL", "cup", 1, { season: 2 }))).toBe("read");
  });

  test.each([
    ["/top?board=cup&season=0", 404, "season_not_found"],
    ["/top?board=cup&season=-1", 400, "invalid_request"],
    ["/top?board=cup&season=next", 400, "invalid_request"],
    ["/top?board=main&season=1", 400, "invalid_request"],
    ["/top?board=main&season=current", 200, undefined],
    ["/top?board=cup&season=9", 404, "season_not_found"],
    ["/top?board=cup&season=previous", 404, "season_not_found"],
    ["/top?board=cup&season=1", 200, undefined],
    ["/rank/ada?board=cup&season=2", 404, "season_not_found"],
    ["/around/ada?board=cup&season=current", 404, "not_ranked"],
  ])("%s is answered %d", async (path, status, code) => {
    const response = await ranker.app.request(path);
    const body = (await response.json()) as { code?: string };
    expect([response.status, body.code]).toEqual([status, code]);
  });

  test("before its first season a board is empty, and says when that begins", async () => {
    await defineSeasons(stepped.redis, { at: plan.slice(1), fields });
    expect(await ranker.boards.top("GLOBAL", "cup", 1)).toMatchObject({
      season: 1,
      total: 0,
      starts_at: toIsoTime(ends),
    });
  });

  test("a read behind the last end that is planned is refused until there is another", async () => {
    await defineSeasons(stepped.redis, { at: plan.slice(0, 2), fields });
    await write(1);
    await passEnd();
    expect(await refusal(ranker.boards.top("GLOBAL", "cup", 1))).toBe("season_unknown");
    await defineSeasons(stepped.redis, { at: plan, fields });
    expect(await ranker.boards.top("GLOBAL", "cup", 1)).toMatchObject({ season: 2, total: 0 });
  });

  test("a clock that steps back over the end leads nowhere back", async () => {
    await write(1);
    await passEnd();
    await write(10, ids.slice(0, 4));
    await stepped.setClock(0);
    const again = await write(100);
    expect(new Set(again.map(({ entry }) => entry.season))).toEqual(new Set([1, 2]));
    // What a shard has ended stays ended there.
    const inTwo = await Promise.all(topology.shards.map((shard) => readSeason(stepped.redis, shard)));
    for (const [index, shard] of topology.shards.entries()) {
      const clock = Number(await stepped.redis.get(clockKey(shard)));
      expect(inTwo[index] === 2).toBe(clock >= ends);
    }
    for (const { entry } of again) {
      const isBehind = entry.updated_at >= toIsoTime(ends);
      expect(entry.season).toBe(isBehind ? 2 : 1);
    }
    expect(await ranker.boards.top("GLOBAL", "cup", 1)).toMatchObject({ season: 2 });
  });

  test("while nothing ends, a read asks the shards for the season no more than once a second", async () => {
    await write(1);
    await ranker.boards.top("GLOBAL", "cup", 10);
    const asked: string[] = [];
    observeScripts(stepped.redis, (name) => void asked.push(name));
    for (let n = 0; n < 5; n++) await ranker.boards.rank("GLOBAL", "cup", "p-1");
    expect(asked.filter((name) => name === "roll-over").length).toBeLessThanOrEqual(8);
  });

  test("hidden, renamed and erased players are so in all seasons whose keys are there", async () => {
    const [ada] = [player("ada")];
    await ranker.submit(ada, add(3));
    await ranker.submit(player("bob"), add(2));
    await passEnd();
    await ranker.submit(ada, add(5));
    const in1 = { season: 1 } as const;
    const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
    const as = { headers: { Authorization: `Bearer ${token}` } };
    const read = async (query: string) =>
      (await (await ranker.app.request(`/players/ada${query}`, as)).json()) as PlayerRecord;
    expect((await read("")).entries.map(({ board, season, score }) => [board, season, score])).toEqual([
      ["cup", 1, 3],
      ["cup", 2, 5],
    ]);
    const page = await read("?limit=1");
    expect([page.entries.length, page.next]).toEqual([1, "cup@1"]);
    const rest = await read(`?limit=1&cursor=${encodeURIComponent(page.next ?? "")}`);
    expect([rest.entries[0]?.season, rest.next]).toEqual([2, null]);

    expect(await ranker.setVisibility(ada, { hidden: true })).toBe(2);
    expect((await ranker.boards.top("GLOBAL", "cup", 5)).total).toBe(0);
    expect((await ranker.boards.top("GLOBAL", "cup", 5, in1)).entries.map(({ user_id }) => user_id)).toEqual(["bob"]);
    await ranker.setVisibility(ada, { hidden: false });
    const renamed = await ranker.app.request("/players/ada/rename", {
      method: "POST",
      headers: { ...as.headers, "Content-Type": "application/json" },
      body: JSON.stringify({ name: "Countess" }),
    });
    expect(await renamed.json()).toMatchObject({ boards: 2 });
    expect((await ranker.boards.rank("GLOBAL", "cup", "ada", in1)) satisfies RankView).toMatchObject({
      rank: 1,
      name: "Countess",
      season: 1,
    });
    expect((await ranker.erasePlayer("ada")).entries).toBe(2);
    expect(await refusal(ranker.boards.rank("GLOBAL", "cup", "ada", in1))).toBe("not_ranked");
    const eu = topology.shards.filter(({ region }) => region === "EU");
    const left = eu.flatMap((shard) => entryKeys(shard, "cup@2"));
    expect(await stepped.redis.exists(...left)).toBe(0);
  });
});
