import { expect, test } from "bun:test";
import { type BoardFigures, createBoardFigures, NAMED_MAX, OTHER } from "./board-figures.ts";

const BOARDS = 10_000;
const boards = Array.from({ length: BOARDS }, (_, index) => `board-${index}`);

/** Numbers from 0 to 1, the same in each run. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
const random = createRandom();
const anyBoard = () => boards[Math.floor(random() * BOARDS)] ?? "";
/** The board on place n has 1 / n of the requests of the first, or so. */
const busyBoard = () => boards[Math.floor(BOARDS ** random()) - 1] ?? "";

/**
 * Reads the figures as Prometheus does, every 15 seconds, and adds up by how much each series
 * grows.
 */
class Scraper {
  nowMs = 0;
  shown = new Map<string, number>();
  grown = 0;
  changes = 0;

  constructor(private readonly figures: BoardFigures) {}

  scrape(): string[] {
    this.nowMs += 15_000;
    const scraped = this.figures.scrape(this.nowMs);
    const before = this.shown;
    this.shown = new Map([...scraped].map(([board, { writes, reads }]) => [board, writes + reads]));
    expect(this.shown.size).toBeLessThanOrEqual(NAMED_MAX + 1);
    for (const [board, value] of this.shown) {
      const earlier = before.get(board);
      if (earlier === undefined && board !== OTHER) {
        this.changes++;
        expect([board, value]).toEqual([board, 0]);
      }
      expect(value).toBeGreaterThanOrEqual(earlier ?? 0);
      this.grown += value - (earlier ?? 0);
    }
    return [...this.shown.keys()];
  }
}

/** @returns the boards of the last scrape */
function play(figures: BoardFigures, scraper: Scraper, minutes: number, pick: () => string): string[] {
  let shown: string[] = [];
  for (let scrape = 0; scrape < minutes * 4; scrape++) {
    for (let request = 0; request < 2_500; request++) {
      if (request % 5 === 0) figures.onWrite(pick());
      else figures.onRead(pick());
    }
    shown = scraper.scrape();
  }
  return shown;
}

test("requests on 10,000 boards make 21 series that never go down, and every request is in one of them", () => {
  const figures = createBoardFigures();
  const scraper = new Scraper(figures);
  play(figures, scraper, 20, anyBoard);
  play(figures, scraper, 20, busyBoard);
  play(figures, scraper, 20, anyBoard);
  expect(scraper.grown).toBe(60 * 4 * 2_500);
});

test("the busiest boards get the names that idle ones had, and their figures are theirs from there on", () => {
  const figures = createBoardFigures();
  const scraper = new Scraper(figures);
  play(figures, scraper, 5, anyBoard);
  const shown = play(figures, scraper, 30, busyBoard);
  expect(boards.slice(0, 10).filter((board) => !shown.includes(board))).toEqual([]);

  const before = scraper.shown.get("board-0") ?? 0;
  for (let n = 0; n < 7; n++) figures.onWrite("board-0");
  scraper.scrape();
  expect(scraper.shown.get("board-0")).toBe(before + 7);
});

test("boards that are as busy as each other keep their names", () => {
  const figures = createBoardFigures();
  const scraper = new Scraper(figures);
  const few = () => boards[Math.floor(random() * 40)] ?? "";
  play(figures, scraper, 120, few);
  const named = scraper.changes;
  play(figures, scraper, 120, few);
  expect([named, scraper.changes]).toEqual([NAMED_MAX, NAMED_MAX]);
});

test("a board that loses its name is shown once more, and never falls to 0 between two scrapes", () => {
  const figures = createBoardFigures(1);
  const countUp = (board: string, requests: number) => {
    for (let n = 0; n < requests; n++) figures.onRead(board);
  };
  const readsAt = (minute: number) => [...figures.scrape(minute * 60_000)].map(([board, { reads }]) => [board, reads]);
  const shown = (...expected: [string, number][]) => expected;
  countUp("first", 1);
  expect(readsAt(0)).toEqual(shown(["first", 0], [OTHER, 1]));
  countUp("first", 2);
  countUp("second", 100);
  expect(readsAt(1)).toEqual(shown(["first", 2], [OTHER, 101]));
  countUp("first", 1000);
  expect(readsAt(2)).toEqual(shown(["second", 0], [OTHER, 1101]));
  countUp("first", 1);
  countUp("second", 5);
  expect(readsAt(2.5)).toEqual(shown(["second", 5], [OTHER, 1102]));
});

test("boards of last week make room for those of this week within twenty minutes", () => {
  const figures = createBoardFigures();
  const scraper = new Scraper(figures);
  const pickFrom = (first: number) => () => boards[first + Math.floor(random() * NAMED_MAX)] ?? "";
  play(figures, scraper, 60, pickFrom(0));
  const shown = play(figures, scraper, 20, pickFrom(100));
  expect(shown.toSorted()).toEqual([...boards.slice(100, 100 + NAMED_MAX), OTHER].toSorted());
});

test("few boards all have their names from the first scrape on, and stay though idle", () => {
  const figures = createBoardFigures();
  figures.onWrite("main");
  expect([...figures.scrape(0)]).toMatchObject([
    ["main", { writes: 0, reads: 0 }],
    [OTHER, { writes: 1, reads: 0 }],
  ]);
  figures.onRead("main");
  for (let minute = 1; minute < 600; minute++) figures.scrape(minute * 60_000);
  expect(figures.scrape(600 * 60_000).get("main")).toMatchObject({ writes: 0, reads: 1 });
});

test("a board with the id of the sum is in the sum", () => {
  const figures = createBoardFigures();
  for (let n = 0; n < 3; n++) figures.onRead(OTHER);
  figures.scrape(0);
  figures.onRead(OTHER);
  expect([...figures.scrape(60_000)]).toEqual([[OTHER, { writes: 0, reads: 4 }]]);
});
