import { type BoardsSite, restoreBoards, type Step, startBoardsSite } from "../boards/boards-site.ts";
import { createManyBoards, createOneBoard, type Population } from "../boards/population.ts";
import type { Load, LoadCell } from "../harness/load.ts";
import { readProcessCost } from "../harness/process-cost.ts";
import { warmUp } from "../harness/rounds.ts";
import { type Aim, compareRates, type Measured, measureComparisons, type Row, toRow } from "../harness/row.ts";
import { LONG_ROUNDS_MAX, type RowRun } from "../ratios/options.ts";

const PER_BOARD = 100;
const PERCENT_OF_WRITES = 60;
const HIDES = 5;
const MB = 1e6;
/** A command that holds Redis longer delays every request of its shard by as much. */
const HOLD_MAX: Aim = { of: "ours", at: "most", value: 10 };

/** Compares many small boards with one that has as many entries. */
export async function measureBoards(run: RowRun): Promise<Measured> {
  const { dir, options, say, onRepeat } = run;
  const { entries, connections, seconds, rounds } = options;
  const nowUs = Date.now() * 1000;
  await using stack = new AsyncDisposableStack();
  const restore = (name: string, population: Population, times = Math.min(rounds, LONG_ROUNDS_MAX)) => {
    say(`restoring ${name} of ${population.boards} boards`);
    return restoreBoards(stack, { dir, name, population, times });
  };
  const ofMany = createManyBoards(entries, PER_BOARD, nowUs);
  const { bytes: emptyBytes } = await restore("empty", { ...ofMany, perBoard: 0 }, 1);
  const many = await startBoardsSite(stack, dir, await restore("many", ofMany));
  const one = await startBoardsSite(stack, dir, await restore("one", createOneBoard(entries, nowUs)));
  const { boards } = ofMany;
  const text = `${boards.toLocaleString("en")} boards of ${PER_BOARD} entries`;

  say("hiding and showing players");
  const hides: { many: Step; one: Step }[] = [];
  for (let time = 0; time < HIDES; time++) hides.push({ many: await many.hide(), one: await one.hide() });

  say("reading a top of each board");
  await many.readAllTops();
  const toCell = (site: BoardsSite) => site.toCell({ connections, seconds, percentOfWrites: PERCENT_OF_WRITES });
  const cells = { many: toCell(many), one: toCell(one) };
  await warmUp([cells.many, cells.one], say);
  const p99 = (cell: LoadCell) => ({ cell, figure: ({ p99Ms = Number.NaN }: Load) => p99Ms });
  const texts = { row: "boards", yardstick: "one board with as many entries", aims: [] } as const;
  const what = `${PERCENT_OF_WRITES} % submits, ${100 - PERCENT_OF_WRITES} % tops of 10, on ${text}`;
  const comparisons = [
    compareRates({ ...texts, what }, cells.many, cells.one),
    { ...texts, what: `${what}, p99`, unit: "ms", ours: p99(cells.many), theirs: p99(cells.one) },
  ];
  const measured = await measureComparisons(comparisons, { rounds, what: "loading many boards", say, onRepeat });

  const toMs = (steps: readonly Step[]) => steps.map(({ ms }) => ms);
  const toStepRows = (step: string, ours: readonly Step[], theirs: readonly Step[]): Row[] => [
    toRow({ ...texts, what: step, unit: "ms" }, { ours: toMs(ours), theirs: toMs(theirs) }),
    toRow(
      { ...texts, what: `${step}: longest hold of Redis`, unit: "ms", aims: [HOLD_MAX] },
      { ours: ours.map(({ holdMs }) => holdMs), theirs: theirs.map(({ holdMs }) => holdMs) },
    ),
  ];
  const toSingle = (ours: number, theirs: number) => ({ ours: [ours], theirs: [theirs] });
  const bytes = { ...texts, unit: "B" };
  const startOf = (name: "ranker" | "drainer") =>
    toRow({ ...texts, what: `start of a ${name}`, unit: "ms" }, toSingle(many.startMs[name], one.startMs[name]));
  return {
    rows: [
      ...measured.rows,
      toRow(
        {
          ...texts,
          what: `memory of a ranker that has served them (${(many.startBytes / MB).toFixed(0)} MB when started)`,
          unit: "MB",
        },
        toSingle(readMb(many), readMb(one)),
      ),
      toRow({ ...bytes, what: "memory of an entry in Redis" }, toSingle(many.bytes / entries, one.bytes / entries)),
      toRow(
        { ...bytes, what: "memory of a board without entries in Redis", yardstick: "" },
        { ours: [emptyBytes / boards] },
      ),
      startOf("ranker"),
      startOf("drainer"),
      ...toStepRows(`restore ${text}`, many.restores, one.restores),
      ...toStepRows(`reconcile ${text}`, [many.reconcile], [one.reconcile]),
      ...toStepRows(
        `hide a player on ${many.hiddenOn.toLocaleString("en")} of ${boards.toLocaleString("en")} boards`,
        hides.map((each) => each.many),
        hides.map((each) => each.one),
      ),
    ],
    loads: measured.loads,
  };
}

const readMb = ({ ranker }: BoardsSite) => readProcessCost(ranker.pid).residentBytes / MB;
