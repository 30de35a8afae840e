import { expect, test } from "bun:test";
import { createPlayers } from "../stage/players.ts";
import { createManyBoards, createOneBoard, entriesOf, type Population } from "./population.ts";

const NOW_US = 1_767_225_600_000_000;

const idsOf = (population: Population, board: number, entries: number) =>
  [...entriesOf(population, board, createPlayers(entries, NOW_US))].map(({ userId }) => userId);

test("every board has as many different players, and every player is on as many boards", () => {
  const population = createManyBoards(20_000, 100, NOW_US);
  const perPlayer = new Map<string, number>();
  for (let board = 0; board < population.boards; board++) {
    const ids = idsOf(population, board, 20_000);
    expect([ids.length, new Set(ids).size]).toEqual([100, 100]);
    for (const id of ids) perPlayer.set(id, (perPlayer.get(id) ?? 0) + 1);
  }
  expect([population.boards, perPlayer.size, [...new Set(perPlayer.values())]]).toEqual([200, 1_000, [20]]);
});

test("the one board to compare has every entry, and its writers are among its players", () => {
  const population = createOneBoard(2_000, NOW_US);
  const ids = new Set(idsOf(population, 0, 2_000));
  expect([ids.size, population.writers.count, ids.has(population.writers.at(999).userId)]).toEqual([
    2_000,
    1_000,
    true,
  ]);
});
