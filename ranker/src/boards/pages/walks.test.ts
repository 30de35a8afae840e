import { beforeEach, describe, expect, test } from "bun:test";
import type { Entry } from "shared/api/entries";
import { createTopology } from "shared/model/regions";
import { splitKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { type Built, player, startUnderTest } from "../../../test/ranker-under-test.ts";
import { readPage, walk } from "../../../test/read-pages.ts";

const under = await forFile(startUnderTest());
const second = await forFile(scratchRedisClient());
beforeEach(async () => {
  await Promise.all([flushAll(under.redis), flushAll(second.redis)]);
});

const REGIONS = ["GLOBAL", "EU"];
const PLAYERS = 130;
const KINDS = [
  { order: "desc", sub: null, decimals: 0 },
  { order: "asc", sub: null, decimals: 2 },
  { order: "desc", sub: "asc", decimals: 0 },
  { order: "asc", sub: "desc", decimals: 0 },
] as const;
type Kind = (typeof KINDS)[number];

interface Modelled {
  userId: string;
  region: string;
  score: number;
  sub: number;
  arrival: number;
}

const TIES = ["arrival", "shared"] as const;

/** The entries of a view as one sorted array: few scores and subs, so that most players tie. */
function sortedOf({ order, sub }: Kind, entries: readonly Modelled[], view: string): Modelled[] {
  const [byScore, bySub] = [order === "asc" ? 1 : -1, sub === "asc" ? 1 : -1];
  return entries
    .filter(({ region }) => view === "GLOBAL" || region === view)
    .sort((a, b) => byScore * (a.score - b.score) || bySub * (a.sub - b.sub) || a.arrival - b.arrival);
}

async function play(ranker: Built, kind: Kind): Promise<Modelled[]> {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
  const made = await ranker.app.request("/boards/cup", {
    method: "PUT",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(kind),
  });
  expect(made.status).toBe(201);
  const entries: Modelled[] = [];
  for (let n = 0; n < PLAYERS; n++) {
    const identity = player(`p${(n * 7919) % 1000}`, REGIONS[n % 2]);
    const score = ((n * 31) % 9) / 10 ** kind.decimals - 3;
    const sub = kind.sub === null ? 0 : (n * 17) % 3;
    const given = kind.sub === null ? {} : { sub };
    await ranker.submit(identity, { operation: "set", board: "cup", value: score, ...given });
    const { userId, region } = identity;
    if (n % 10 === 3) await ranker.setVisibility(identity, { hidden: true });
    else entries.push({ userId, region, score, sub, arrival: n });
  }
  return entries;
}

const shownOf = (entries: readonly Entry[]) => entries.map(({ rank, user_id, score }) => [rank, user_id, score]);

describe.each([
  [1, "one server", () => under.redis],
  [16, "one server", () => under.redis],
  [1, "two servers", (region: string) => (region === "EU" ? second.redis : under.redis)],
  [16, "two servers", (region: string) => (region === "EU" ? second.redis : under.redis)],
])("with %d partitions a region on %s", (partitions, _servers, redisOf) => {
  test.each(KINDS.map((kind) => [`${kind.order} ${kind.sub}`, kind] as const))(
    "%s: a whole board is walked both ways, and every page by rank is that of a sorted array, in both ties modes",
    async (_, kind) => {
      const topology = createTopology(REGIONS, partitions, ["main"]);
      await openFences(second.redis, topology);
      const ranker = await under.build({ topology, redisOf });
      const { boards } = ranker;
      const entries = await play(ranker, kind);
      for (const [view, ties] of REGIONS.flatMap((each) => TIES.map((mode) => [each, mode] as const))) {
        const sorted = sortedOf(kind, entries, view);
        const all = sorted.map(({ userId, score, sub }, index) => {
          const tie = sorted.findIndex((each) => each.score === score && each.sub === sub);
          return [1 + (ties === "shared" ? tie : index), userId, score];
        });
        const total = all.length;
        for (const limit of [7, 50, 1000]) {
          const request = { view, board: "cup", limit, ties };
          const forwards = await Array.fromAsync(walk(boards, request));
          expect(forwards.flatMap((page) => shownOf(page.entries))).toEqual(all);
          expect(forwards.map((page) => page.total)).toEqual(Array(Math.ceil(total / limit)).fill(total));
          expect([forwards[0]?.prev, forwards.at(-1)?.next]).toEqual([null, null]);
          // From a page behind the end back to the first one.
          const [empty, ...backwards] = await Array.fromAsync(walk(boards, { ...request, from: total + 1 }, "prev"));
          expect(empty).toMatchObject({ total, entries: [], next: null });
          expect(backwards.toReversed().flatMap((page) => shownOf(page.entries))).toEqual(all);
          expect([backwards[0]?.next, backwards.at(-1)?.prev]).toEqual([null, null]);
        }
        for (let from = 1; from <= total + 2; from += from < 4 || from > total - 3 ? 1 : 11) {
          const page = await readPage(boards, { view, board: "cup", limit: 12, from, ties });
          const shown = all.slice(from - 1, from + 11);
          expect([page.total, shownOf(page.entries)]).toEqual([total, shown]);
          expect([page.prev === null, page.next === null]).toEqual([from === 1, from + 11 >= total]);
        }
      }
    },
  );

  test("of ties over the end of a page the next page goes on with their rank: 1, 2, 2, 4", async () => {
    const topology = createTopology(REGIONS, partitions, ["main"]);
    await openFences(second.redis, topology);
    const { boards, submit } = await under.build({ topology, redisOf });
    for (const [n, value] of [9, 8, 8, 7, 7, 7].entries()) {
      await submit(player(`p${n}`, REGIONS[n % 2]), { operation: "set", board: "main", value });
    }
    const ranksOf = (page: { entries: Entry[] }) => page.entries.map(({ rank }) => rank);
    const request = { limit: 2, ties: "shared" as const };
    const pages = await Array.fromAsync(walk(boards, request));
    expect(pages.map(ranksOf)).toEqual([
      [1, 2],
      [2, 4],
      [4, 4],
    ]);
    const backwards = await Array.fromAsync(walk(boards, { ...request, from: 5 }, "prev"));
    expect(backwards.map(ranksOf)).toEqual([
      [4, 4],
      [2, 4],
      [1, 2],
    ]);
    expect(ranksOf(await readPage(boards, { limit: 3, ties: "shared" }))).toEqual([1, 2, 2]);
    expect(ranksOf(await readPage(boards, { limit: 3, ties: "shared", from: 4 }))).toEqual([4, 4, 4]);
    expect(ranksOf(await readPage(boards, { limit: 3, ties: "shared", from: 3 }))).toEqual([2, 4, 4]);
  });

  test("a shard that moves takes its region out of a partial page, and without that the page is refused", async () => {
    const topology = createTopology(REGIONS, partitions, ["main"]);
    await openFences(second.redis, topology);
    const ranker = await under.build({ topology, redisOf });
    const { boards } = ranker;
    const kind = KINDS[0];
    const rest = sortedOf(kind, await play(ranker, kind), "GLOBAL").filter(({ region }) => region !== "EU");
    const all = rest.map(({ userId, score }, index) => [index + 1, userId, score]);
    const { next } = await readPage(boards, { board: "cup", limit: 5 });
    const moving = topology.shards.findLast(({ region }) => region === "EU");
    await redisOf("EU").set(splitKey(moving?.tag ?? ""), `${partitions}>9 moving`);
    const partial = { board: "cup", limit: 9, allowsPartial: true };
    const pages = await Array.fromAsync(walk(boards, partial));
    expect(pages.flatMap((page) => shownOf(page.entries))).toEqual(all);
    expect(pages.every((page) => page.total === all.length && page.missing_regions?.join() === "EU")).toBe(true);
    const fromTen = await readPage(boards, { ...partial, from: 10 });
    expect(shownOf(fromTen.entries)).toEqual(all.slice(9, 18));
    for (const options of [{ from: 10 }, { cursor: next ?? "" }]) {
      const refused = readPage(boards, { board: "cup", limit: 9, ...options });
      await expect(refused).rejects.toMatchObject({ code: "region_unavailable" });
    }
  });

  test("the page before a page has the rows and ranks that the walk there has shown", async () => {
    const topology = createTopology(REGIONS, partitions, ["main"]);
    await openFences(second.redis, topology);
    const ranker = await under.build({ topology, redisOf });
    await play(ranker, KINDS[0]);
    const request = { board: "cup", limit: 9 };
    const forwards = await Array.fromAsync(walk(ranker.boards, request));
    for (const [index, { prev }] of forwards.entries()) {
      if (prev === null) continue;
      const before = await readPage(ranker.boards, { ...request, cursor: prev });
      expect(before.entries).toEqual(forwards[index - 1]?.entries ?? []);
    }
  });

  test("beside writes each row that does not move is on one page, forwards and backwards", async () => {
    const topology = createTopology(REGIONS, partitions, ["main"]);
    await openFences(second.redis, topology);
    const ranker = await under.build({ topology, redisOf });
    const { boards } = ranker;
    const set = (n: number, value: number) =>
      ranker.submit(player(`p${n}`, REGIONS[n % 2]), { operation: "set", board: "main", value });
    for (let n = 0; n < 120; n++) await set(n, n % 40);
    const still = Array.from({ length: 120 }, (_, n) => n).filter((n) => n % 4 !== 0);
    for (const along of ["next", "prev"] as const) {
      const seen: string[] = [];
      let moved = 0;
      const from = along === "next" ? 1 : 121;
      for await (const { entries, total } of walk(boards, { limit: 8, from }, along)) {
        expect(total).toBe(120);
        seen.push(...entries.map(({ user_id }) => user_id));
        // Some go ahead of the walk, and some behind it.
        for (let step = 0; step < 6; step++, moved++) await set((moved * 4) % 120, (moved * 29) % 41);
      }
      const counts = new Map(still.map((n) => [`p${n}`, seen.filter((id) => id === `p${n}`).length]));
      expect([...counts.values()]).toEqual(still.map(() => 1));
    }
  });
});

test("a walk goes on where its last row was, also once that player has moved, is hidden or is erased", async () => {
  const ranker = await under.build({ topology: createTopology(REGIONS, 1, ["main"]) });
  const write = (id: string, value: number) => ranker.submit(player(id), { operation: "set", board: "main", value });
  for (const [index, id] of ["a", "b", "c", "d", "e", "f"].entries()) await write(id, -index);
  const idsOf = (page: { entries: Entry[] }) => page.entries.map(({ user_id, rank }) => `${rank} ${user_id}`);
  const first = await readPage(ranker.boards, { limit: 2 });
  const goesOn = () => readPage(ranker.boards, { limit: 2, cursor: first.next ?? "" });
  expect(idsOf(await goesOn())).toEqual(["3 c", "4 d"]);
  await ranker.setVisibility(player("b"), { hidden: true });
  expect(idsOf(await goesOn())).toEqual(["2 c", "3 d"]);
  await ranker.setVisibility(player("b"), { hidden: false });
  await write("b", 9);
  expect(idsOf(await goesOn())).toEqual(["3 c", "4 d"]);
  await ranker.erasePlayer("b");
  expect(idsOf(await goesOn())).toEqual(["2 c", "3 d"]);
  for (const id of ["a", "c", "d", "e", "f"]) await ranker.erasePlayer(id);
  expect(await goesOn()).toMatchObject({ total: 0, entries: [], next: null, prev: null });
});

test("a page ends before a player who came in ahead of it, and leads to where that player is", async () => {
  const ranker = await under.build({ topology: createTopology(REGIONS, 1, ["main"]) });
  const write = (id: string, value: number) => ranker.submit(player(id), { operation: "set", board: "main", value });
  for (const [index, id] of ["a", "b", "c"].entries()) await write(id, -index);
  const last = await readPage(ranker.boards, { limit: 2, from: 3 });
  const before = await readPage(ranker.boards, { limit: 2, cursor: last.prev ?? "" });
  expect(before.prev).toBeNull();
  // Nothing was ahead of this page; its cursor behind still names b.
  await write("new", 5);
  const again = await readPage(ranker.boards, { limit: 2, cursor: last.prev ?? "" });
  expect(again.entries.map(({ user_id, rank }) => [rank, user_id])).toEqual([
    [2, "a"],
    [3, "b"],
  ]);
  const top = await readPage(ranker.boards, { limit: 2, cursor: again.prev ?? "" });
  expect(top.entries.map(({ user_id, rank }) => [rank, user_id])).toEqual([[1, "new"]]);
  const empty = await readPage(ranker.boards, { limit: 2, cursor: top.next ?? "", board: "main" });
  expect(empty.entries.map(({ user_id }) => user_id)).toEqual(["a", "b"]);
});
