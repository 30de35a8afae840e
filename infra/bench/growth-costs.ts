import { Problem } from "shared/api/problems";
import { readServerCost } from "testing/server-cost";
import { type GrowthBoard, OPERATIONS, type Operation } from "./growth-board.ts";
import { median, percentile } from "./statistics.ts";

/** What one call of an operation costs on one board. */
export interface CallCost {
  entries: number;
  shards: number;
  operation: Operation;
  /** Milliseconds from call to answer in the ranker's code, without HTTP, over all rounds. */
  medianMs: number;
  p99Ms: number;
  /** The median again, of the quiet rounds: what is compared from board to board. */
  quietMs: number;
  /** CPU time of Redis and time within its scripts, of all shards together, in microseconds, in the quiet rounds. */
  cpuUs: number;
  scriptUs: number;
}

// Whatever else the machine does can only add to a cost: a quarter of the rounds was quieter than the figure given.
const QUIET_PERCENT = 25;
const ROUND_ATTEMPTS = 5;

interface Round {
  latenciesMs: Float64Array;
  cpuUs: number;
  scriptUs: number;
}

/**
 * Calls one after another, of random players. All boards take turns within a round, so that whatever else the machine
 * does meets all alike; the first round warms up and does not count.
 */
export async function measureCalls(
  boards: readonly GrowthBoard[],
  { calls, rounds, onRound }: { calls: number; rounds: number; onRound: (round: number) => void },
): Promise<CallCost[]> {
  const cells = OPERATIONS.flatMap((operation) => boards.map((board) => ({ operation, board, rounds: [] as Round[] })));
  for (let round = 0; round <= rounds; round++) {
    onRound(round);
    for (const cell of cells) {
      const measured = await measureWholeRound(cell.board, cell.operation, calls);
      if (round > 0) cell.rounds.push(measured);
    }
  }
  return cells.map(({ operation, board, rounds: measured }) => {
    const latencies = measured.flatMap(({ latenciesMs }) => [...latenciesMs]);
    const quiet = (toFigure: (round: Round) => number) => percentile(measured.map(toFigure), QUIET_PERCENT);
    return {
      entries: board.entries,
      shards: board.shards,
      operation,
      medianMs: median(latencies),
      p99Ms: percentile(latencies, 99),
      quietMs: quiet((round) => median(round.latenciesMs)),
      cpuUs: quiet((round) => round.cpuUs),
      scriptUs: quiet((round) => round.scriptUs),
    };
  });
}

/** A round that no call failed in. @throws Problem when there is none in several attempts */
async function measureWholeRound(board: GrowthBoard, operation: Operation, calls: number): Promise<Round> {
  for (let attempt = 1; ; attempt++) {
    await board.ready();
    try {
      return await measureRound(board, operation, calls);
    } catch (error) {
      if (!(error instanceof Problem) || attempt === ROUND_ATTEMPTS) throw error;
    }
  }
}

async function measureRound(board: GrowthBoard, operation: Operation, calls: number): Promise<Round> {
  const latenciesMs = new Float64Array(calls);
  const before = await readServerCost(board.admin);
  for (let i = 0; i < calls; i++) {
    const player = board.players.at(Math.floor(Math.random() * board.players.count));
    const startedAt = performance.now();
    await board.call(operation, player);
    latenciesMs[i] = performance.now() - startedAt;
  }
  const after = await readServerCost(board.admin);
  const { cpuUs, scriptUs } = { cpuUs: after.cpuUs - before.cpuUs, scriptUs: after.scriptUs - before.scriptUs };
  return { latenciesMs, cpuUs: cpuUs / calls, scriptUs: scriptUs / calls };
}
