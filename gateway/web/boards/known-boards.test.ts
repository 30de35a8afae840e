import { expect, test } from "bun:test";
import { createKnownBoards, KNOWN_MAX, SHOWN_MAX } from "./known-boards.ts";
import type { NamedBoard } from "./read-boards.ts";

const PAGE = 100;

/** A server with these boards, which notes what is read of it. */
function serverOf(boards: readonly NamedBoard[]) {
  const reads: string[] = [];
  const known = createKnownBoards({
    async page(cursor) {
      reads.push(`page ${cursor ?? "first"}`);
      const from = Number(cursor ?? 0);
      const next = from + PAGE < boards.length ? String(from + PAGE) : undefined;
      return { boards: boards.slice(from, from + PAGE), next };
    },
    async one(id) {
      reads.push(`one ${id}`);
      const found = boards.find((board) => board.id === id);
      if (found === undefined) throw new Error(`There is no board ${id}.`);
      return found;
    },
  });
  const find = async (text: string) => {
    const { boards: found, hasMore } = await known.find(text, new AbortController().signal);
    return { ids: found.map(({ id }) => id), hasMore };
  };
  return { known, reads, find };
}

const boardsOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `board-${n}`, title: `Board ${n} of the Café` }));

test("a search reads no more of the list than it needs", async () => {
  const { find, reads } = serverOf(boardsOf(1_000));
  expect(await find("")).toEqual({ ids: boardsOf(SHOWN_MAX).map(({ id }) => id), hasMore: true });
  expect(reads).toEqual(["page first"]);
  expect(await find("BOARD 95")).toEqual({
    ids: [
      "board-95",
      ...boardsOf(960)
        .slice(950)
        .map(({ id }) => id),
    ],
    hasMore: false,
  });
  expect(reads).toHaveLength(10);
});

test("case and accents do not count, and the nearest match comes first", async () => {
  const boards = ["a-weekly", "weekly-race", "weekly"].map((id) => ({ id, title: id }));
  const { find } = serverOf([...boards, { id: "cafe", title: "Ćafé WEEKLY" }]);
  expect(await find(" Weekly ")).toEqual({ ids: ["weekly", "weekly-race", "a-weekly", "cafe"], hasMore: false });
  expect((await find("caf")).ids).toEqual(["cafe"]);
  expect(await find("nothing of this")).toEqual({ ids: [], hasMore: false });
});

test("a board of exactly this id is first, also from a part of the list that was not read", async () => {
  const { find, reads } = serverOf([...boardsOf(250), { id: "board", title: "The last" }]);
  const { ids, hasMore } = await find("board");
  expect([ids[0], ids.length, hasMore]).toEqual(["board", SHOWN_MAX, true]);
  expect(reads.toSorted()).toEqual(["one board", "page first"]);
});

test("the page keeps no more than it may, and says that there are others", async () => {
  const { known, find } = serverOf(boardsOf(KNOWN_MAX + 500));
  expect(await find("zzz zzz")).toEqual({ ids: [], hasMore: true });
  expect([known.all.length, known.isWhole]).toEqual([KNOWN_MAX, false]);
  expect((await find(`board-${KNOWN_MAX + 400}`)).ids).toEqual([`board-${KNOWN_MAX + 400}`]);
  expect(known.all).toHaveLength(KNOWN_MAX);
});

test("a search that is given up ends, and what it has read serves the next one", async () => {
  const { known, reads } = serverOf(boardsOf(300));
  const given = new AbortController();
  const search = known.find("board-299", given.signal);
  given.abort(new Error("given up"));
  await expect(search).rejects.toThrow("given up");
  await known.readMore();
  expect(reads.filter((read) => read.startsWith("page"))).toEqual(["page first", "page 100"]);
});

test("a list that changes while it is read names no board twice", async () => {
  const pages = [
    ["a", "b"],
    ["b", "c"],
  ].map((ids) => ids.map((id) => ({ id, title: id })));
  const known = createKnownBoards({
    page: async (cursor) => ({
      boards: pages[Number(cursor ?? 0)] ?? [],
      next: cursor === undefined ? "1" : undefined,
    }),
    one: () => Promise.reject(new Error("not asked")),
  });
  await known.readMore();
  await known.readMore();
  await known.readMore();
  expect(known.all.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(known.isWhole).toBe(true);
});
