import { beforeEach, describe, expect, test } from "bun:test";
import type { AroundScoreView, AroundView, RankView, TopView } from "shared/api/boards";
import type { Entry, WrittenEntry } from "shared/api/entries";
import type { Ties } from "shared/api/fields";
import { createTopology, shardOf } from "shared/model/regions";
import { answersKeys, fenceKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest } from "../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const second = await forFile(scratchRedisClient());
beforeEach(() => Promise.all([flushAll(under.redis), flushAll(second.redis)]));

const TIES: readonly Ties[] = ["arrival", "shared"];
const PLAYERS = 48;
const ids = Array.from({ length: PLAYERS }, (_, n) => `p${n}`);
const homeOf = (n: number) => REGIONS[n % REGIONS.length] ?? "";
const onTwo = (region: string) => (region === "EU" || region === "NA" ? second.redis : under.redis);
const onOne = () => under.redis;

interface Placed {
  ranker: Built;
  board: string;
  hasSub: boolean;
}

async function build(partitions: number, redisOf: (region: string) => typeof under.redis, sub: "asc" | null) {
  const topology = createTopology(REGIONS, partitions, ["main"]);
  await openFences(second.redis, topology);
  const ranker = await under.build({ topology, redisOf });
  const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ sub, tiers: { by: "rank", steps: [{ id: "gold", upto: 3 }, { id: "rest" }] } });
  const made = await ranker.app.request("/boards/cup", { method: "PUT", headers, body });
  expect(made.status).toBe(201);
  return { ranker, board: "cup", hasSub: sub !== null };
}

async function read<T>({ app }: Built, path: string) {
  const response = await app.request(path);
  return { status: response.status, body: (await response.json()) as T & { code?: string; errors?: unknown } };
}

const bare = ({ rank, user_id, score, sub, tier }: Entry) => ({ rank, user_id, score, sub, tier });

/** Few scores, of which the best has many players. */
const scoreOf = (n: number) => (n % 3 === 0 ? 9 : n % 5);
const subOf = (n: number) => (n % 7 < 5 ? 1 : 2);

async function writeAll({ ranker, board, hasSub }: Placed, ties: Ties): Promise<WrittenEntry[]> {
  const written: WrittenEntry[] = [];
  for (const [n, id] of ids.entries()) {
    const score = scoreOf(n);
    const body = hasSub ? { score, board, ties, sub: subOf(n) } : { score, board, ties };
    const answer = await ranker.post("/score/submit", body, player(id, homeOf(n)));
    expect(answer.status).toBe(200);
    written.push((await answer.json()) as WrittenEntry);
  }
  return written;
}

const deployments = [
  [1, "one server", onOne],
  [16, "one server", onOne],
  [1, "two servers", onTwo],
  [16, "two servers", onTwo],
] as const;

describe.each(deployments)("with %d partitions a region on %s", (partitions, _, redisOf) => {
  test.each([null, "asc"] as const)(
    "the rank in the write's answer is that of /rank, of the row in /top and of /around, for all ties, in both ties modes (sub: %p)",
    async (sub) => {
      const it = await build(partitions, redisOf, sub);
      for (const ties of TIES) {
        await writeAll(it, ties);
        for (const view of REGIONS) {
          const query = `board=cup&region=${view}&ties=${ties}`;
          const { body: top } = await read<TopView>(it.ranker, `/top?${query}&limit=1000`);
          const inView = ids.filter((_, n) => view === "GLOBAL" || homeOf(n) === view);
          expect(top.entries).toHaveLength(inView.length);
          for (const [index, entry] of top.entries.entries()) {
            const { user_id: id } = entry;
            const better = top.entries.findIndex(({ score, sub }) => score === entry.score && sub === entry.sub);
            expect(entry.rank).toBe(ties === "shared" ? 1 + better : 1 + index);
            const { body: rank } = await read<RankView>(it.ranker, `/rank/${id}?${query}`);
            const { body: named } = await read<RankView>(it.ranker, `/rank/${id}?${query}&with=metadata`);
            const { body: around } = await read<AroundView>(it.ranker, `/around/${id}?${query}&range=3`);
            expect([rank, named, around.self].map(bare)).toEqual([entry, entry, entry].map(bare));
            const from = Math.max(0, Math.min(index - 3, top.entries.length - 7));
            const near = top.entries.slice(from, from + 7).filter(({ user_id }) => user_id !== id);
            expect(around.around.map(bare)).toEqual(near.map(bare));
          }
        }
        // Written again each entry stays where it is.
        const written = await writeAll(it, ties);
        for (const [n, entry] of written.entries()) {
          const { body } = await read<RankView>(
            it.ranker,
            `/rank/${ids[n]}?board=cup&region=${homeOf(n)}&ties=${ties}`,
          );
          expect([bare(entry), entry.previous?.rank]).toEqual([bare(body), body.rank]);
        }
      }
    },
  );

  test("shared ranks over shards with a tie over a page's end are 1, 2, 2, 4, on pages of any limit", async () => {
    const { ranker } = await build(partitions, redisOf, null);
    for (const [n, score] of [9, 8, 8, 7, 7, 7, 6].entries()) {
      await ranker.submit(player(`p${n}`, homeOf(n)), { operation: "set", board: "cup", value: score });
    }
    const shared = [1, 2, 2, 4, 4, 4, 7];
    for (const limit of [2, 3, 5, 7, 1]) {
      const query = `board=cup&limit=${limit}`;
      const { body } = await read<TopView>(ranker, `/top?${query}&ties=shared`);
      expect(body.entries.map(({ rank, tier }) => [rank, tier])).toEqual(
        shared.slice(0, limit).map((rank) => [rank, rank <= 3 ? "gold" : "rest"]),
      );
      const { body: arrival } = await read<TopView>(ranker, `/top?${query}`);
      expect(arrival.entries.map(({ rank }) => rank)).toEqual(shared.slice(0, limit).map((_, n) => n + 1));
    }
    const { body } = await read<RankView>(ranker, "/rank/p5?board=cup&ties=shared");
    expect(body).toMatchObject({ rank: 4, percentile: 57.14 });
  });

  test("a write over all who are tied has their rank, and the rank before in the same mode", async () => {
    const { ranker } = await build(partitions, redisOf, null);
    for (const n of [0, 4, 8, 12]) {
      await ranker.submit(player(`p${n}`), { operation: "set", board: "cup", value: 5 });
    }
    const ada = player("ada");
    const write = async (value: number, ties: Ties) => {
      const { entry } = await ranker.submit(ada, { operation: "set", board: "cup", value, ties });
      return [entry.rank, entry.previous?.rank];
    };
    expect(await write(5, "shared")).toEqual([1, undefined]);
    expect(await write(5, "arrival")).toEqual([5, 5]);
    expect(await write(4, "shared")).toEqual([5, 1]);
    expect(await write(5, "arrival")).toEqual([5, 5]);
    expect(await write(6, "shared")).toEqual([1, 1]);
  });

  test("the neighbours of a score are those of the player who then writes it", async () => {
    for (const sub of [null, "asc"] as const) {
      await flushAll(second.redis);
      await flushAll(under.redis);
      const it = await build(partitions, redisOf, sub);
      const { ranker } = it;
      const empty = await read<AroundScoreView>(ranker, "/around?board=cup&score=3");
      expect(empty.body).toMatchObject({ region: "GLOBAL", total: 0, would_be_rank: 1, around: [] });
      await writeAll(it, "arrival");
      const newcomer = player("zoe");
      for (const ties of TIES) {
        for (const [score, subScore] of [
          [10, 0],
          [9, 0],
          [9, 1],
          [9, 2],
          [3, 1],
          [-4, 0],
        ] as const) {
          if (sub === null && subScore > 0) continue;
          const query = `board=cup&ties=${ties}&range=4`;
          const at = `score=${score}${sub === null ? "" : `&sub=${subScore}`}`;
          const { body: before } = await read<AroundScoreView>(ranker, `/around?${query}&${at}`);
          const { body: whole } = await read<TopView>(ranker, `/top?board=cup&ties=${ties}&limit=1000`);
          for (const { rank, user_id } of before.around) {
            expect(whole.entries.find((each) => each.user_id === user_id)?.rank).toBe(rank);
          }
          const value = { operation: "set", board: "cup", value: score } as const;
          await ranker.submit(newcomer, sub === null ? value : { ...value, sub: subScore });
          const { body: after } = await read<AroundView>(ranker, `/around/zoe?${query}`);
          expect([before.would_be_rank, before.total + 1]).toEqual([after.self.rank ?? 0, after.total]);
          expect(before.around.map(({ user_id }) => user_id)).toEqual(after.around.map(({ user_id }) => user_id));
          expect(before).toMatchObject(sub === null ? { score } : { score, sub: subScore });
          await ranker.setVisibility(newcomer, { hidden: true });
          const { body: again } = await read<AroundScoreView>(ranker, `/around?${query}&${at}`);
          expect(again).toEqual(before);
          await ranker.setVisibility(newcomer, { hidden: false });
          await ranker.erasePlayer("zoe");
        }
      }
    }
  });
});

describe("the kept answer of an idempotency key", () => {
  const split = () => under.build({ topology: createTopology(REGIONS, 16, ["main"]) });
  const ada = player("ada");
  const rivals = Array.from({ length: 9 }, (_, n) => player(`p${n}`));

  async function add({ post }: Built, ties?: Ties) {
    const body = ties === undefined ? { delta: 5 } : { delta: 5, ties };
    const answer = await post("/score/add", body, ada, { "Idempotency-Key": "k" });
    return { isReplay: answer.headers.has("Idempotent-Replayed"), entry: (await answer.json()) as WrittenEntry };
  }

  test.each([1, 16])("is the old answer for any ties, over %d partitions", async (partitions) => {
    const ranker = await under.build({ topology: createTopology(REGIONS, partitions, ["main"]) });
    for (const each of rivals) await ranker.submit(each, { operation: "set", board: "main", value: 5 });
    const { entry } = await add(ranker, "shared");
    expect(entry).toMatchObject({ rank: 1, score: 5 });
    for (const ties of [undefined, ...TIES]) expect(await add(ranker, ties)).toEqual({ isReplay: true, entry });
  });

  test("that lacks its rank over the view is completed in the mode in which it was begun", async () => {
    const ranker = await split();
    const home = shardOf(ranker.topology, "EU", "ada");
    const away = ranker.topology.shards.find((shard) => shard.region === "EU" && shard.tag !== home.tag);
    for (const each of rivals) await ranker.submit(each, { operation: "set", board: "main", value: 5 });
    const fence = (await under.redis.get(fenceKey(away?.tag ?? ""))) ?? "";
    await under.redis.del(fenceKey(away?.tag ?? ""));
    expect((await add(ranker, "shared")).entry).toMatchObject({ rank: null, score: 5 });
    await under.redis.set(fenceKey(away?.tag ?? ""), fence);
    const { entry } = await add(ranker, "arrival");
    expect(entry).toMatchObject({ rank: 1, score: 5 });
    const [kept] = Object.values(await under.redis.hgetall(answersKeys(home, "ada")[0]));
    expect(kept).toMatch(/ 1 1 place - - 0 10$/);
    expect(await add(ranker, "arrival")).toEqual({ isReplay: true, entry });
  });
});

describe("GET /around without a player", () => {
  test.each([
    ["", "score"],
    ["?region=EU&range=5", "score"],
    ["?score=", "score"],
    ["?score=x", "score"],
    ["?score=NaN", "score"],
    ["?score=0x10", "score"],
    ["?score=1.5", "score"],
    ["?score=9007199254740992", "score"],
    ["?score=-9007199254740992", "score"],
    ["?score=1e400", "score"],
    ["?score=0.1000000000000000055", "score"],
    ["?score=1&score=2", "score"],
    ["?score=1&sub=1", "sub"],
    ["?score=1&board=timed&sub=-1", "sub"],
    ["?score=1&board=timed&sub=1.5", "sub"],
    ["?score=12.755&board=timed", "score"],
    ["?score=9999999999999999&board=timed", "score"],
    ["?score=1&range=0", "range"],
    ["?score=1&ties=dense", "ties"],
    ["?score=1&season=2", "season"],
  ])("refuses %p, and names %s", async (query, field) => {
    const ranker = await under.build();
    const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
    await ranker.app.request("/boards/timed", {
      method: "PUT",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ order: "asc", decimals: 2, sub: "desc" }),
    });
    const { status, body } = await read<object>(ranker, `/around${query}`);
    expect([status, body.code, body.errors]).toEqual([
      400,
      "invalid_request",
      [{ field, message: expect.any(String) as string }],
    ]);
  });

  test("takes a score as answers show it, on a board where the lowest wins, with decimals", async () => {
    const ranker = await under.build();
    const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
    await ranker.app.request("/boards/laps", {
      method: "PUT",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ order: "asc", decimals: 2 }),
    });
    for (const [n, value] of [12.75, 13, 13, 20.5].entries()) {
      await ranker.submit(player(`p${n}`), { operation: "set", board: "laps", value });
    }
    const ask = async (score: string, more = "") =>
      (await read<AroundScoreView>(ranker, `/around?board=laps&score=${score}&range=1${more}`)).body;
    const near = ({ around }: AroundScoreView) => around.map(({ rank, user_id }) => `${rank} ${user_id}`);
    const behind = await ask("13.00");
    expect([behind.score, behind.would_be_rank, near(behind)]).toEqual([13, 4, ["3 p2", "4 p3"]]);
    const shared = await ask("13", "&ties=shared");
    expect([shared.would_be_rank, near(shared)]).toEqual([2, ["2 p2", "4 p3"]]);
    const first = await ask("-0");
    expect([first.score, first.would_be_rank, near(first)]).toEqual([0, 1, ["1 p0", "2 p1"]]);
    expect((await ask("20.51")).would_be_rank).toBe(5);
    expect((await read(ranker, "/around?board=none&score=1")).body.code).toBe("board_not_found");
  });
});
