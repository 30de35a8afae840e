import { expect, test } from "bun:test";
import type { ListedSeason } from "./read-seasons.ts";
import { createSeasonList, type ReadSeasons } from "./season-list.ts";

const listed = (season: number): ListedSeason => ({
  season,
  state: "final",
  starts_at: "2026-12-07T00:00:00.000000Z",
  ends_at: "2026-12-14T00:00:00.000000Z",
  total: 1,
});

/** Boards by the number of their seasons, which grows; two seasons a part. */
function served(latest: Record<string, number>) {
  const asked: string[] = [];
  const read: ReadSeasons = async (board, cursor) => {
    asked.push(`${board} ${cursor ?? ""}`);
    const from = cursor === undefined ? (latest[board] ?? 0) : Number(cursor);
    const seasons = [from, from - 1].filter((season) => season > 0).map(listed);
    return { seasons, next: from > 2 ? String(from - 2) : undefined };
  };
  return { asked, list: createSeasonList(read) };
}
const numbers = (all: readonly ListedSeason[]) => all.map(({ season }) => season);

test("earlier seasons are read in parts, and a new one is added without reading them again", async () => {
  const latest = { cup: 5 };
  const { asked, list } = served(latest);
  list.reset("cup");
  await list.refresh();
  expect([numbers(list.all), list.hasMore]).toEqual([[5, 4], true]);
  await list.readMore();
  latest.cup = 6;
  await list.refresh();
  expect([numbers(list.all), list.hasMore]).toEqual([[6, 5, 4, 3, 2], true]);
  await list.readMore();
  await list.readMore();
  expect([numbers(list.all), list.hasMore]).toEqual([[6, 5, 4, 3, 2, 1], false]);
  expect(asked).toEqual(["cup ", "cup 3", "cup ", "cup 1"]);
});

test("what comes for the board before is dropped", async () => {
  const { list } = served({ cup: 5, race: 1 });
  list.reset("cup");
  const late = list.refresh();
  list.reset("race");
  await Promise.all([late, list.refresh()]);
  expect([numbers(list.all), list.hasMore]).toEqual([[1], false]);
});
