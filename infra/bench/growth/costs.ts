import { Problem } from "shared/api/problems";
import { readServerCost } from "testing/redis/server-cost";
import { measureInRounds } from "../harness/rounds.ts";
import { median, percentile } from "../harness/statistics.ts";
import { type GrowthBoard, OPERATIONS, type Operation } from "./board.ts";

/** The cost of one call of an operation on one board. */
export interface CallCost {
  entries: number;
  shards: number;
  operation: Operation;
  /** Milliseconds from call to answer in the ranker's code, without HTTP, over all rounds. */
  medianMs: number;
  p99Ms: number;
  /** The median of the quiet rounds, by which boards are compared. */
  quietMs: number;
  /** CPU time of Redis, and time within its scripts, of all shards together, in microseconds, in the quiet rounds. */
  cpuUs: number;
  scriptUs: number;
}

// Other work on the machine can only add to a cost, so the quietest quarter of the rounds is nearest to the truth.
const QUIET_PERCENT = 25;

interface Round {
  latenciesMs: Float64Array;
  cpuUs: number;
  scriptUs: number;
  faults: string[];
}

/** Calls one after another, for random players, on all boards in turn. @throws Error for calls that fail repeatedly */
export async function measureCalls(
  boards: readonly GrowthBoard[],
  { calls, rounds, onRound }: { calls: number; rounds: number; onRound: (round: number) => void },
): Promise<CallCost[]> {
  const cells = OPERATIONS.flatMap((operation) =>
    boards.map((board) => ({
      name: operation,
      operation,
      board,
      measure: () => measureRound(board, operation, calls),
    })),
  );
  // Faulty rounds are repeated; those that remain are refused below.
  const measured = await measureInRounds(cells, { rounds, warmsUp: true, onRound, onRepeat: () => {} });
  return [...measured].map(([{ operation, board }, ofCell]) => {
    const fault = ofCell.flatMap(({ faults }) => faults)[0];
    if (fault !== undefined) throw new Error(`${operation} on ${board.entries} entries failed: ${fault}`);
    const latencies = ofCell.flatMap(({ latenciesMs }) => [...latenciesMs]);
    const quiet = (toFigure: (round: Round) => number) => percentile(ofCell.map(toFigure), QUIET_PERCENT);
    return {
      entries: board.entries,
      shards: board.shards,
      operation,
      medianMs: median(latencies),
      p99Ms: percentile(latencies, 99),
      quietMs: quiet(({ latenciesMs }) => median(latenciesMs)),
      cpuUs: quiet(({ cpuUs }) => cpuUs),
      scriptUs: quiet(({ scriptUs }) => scriptUs),
    };
  });
}

async function measureRound(board: GrowthBoard, operation: Operation, calls: number): Promise<Round> {
  await board.ready();
  const latenciesMs = new Float64Array(calls);
  const faults: string[] = [];
  const before = await readServerCost(board.admin);
  for (let i = 0; i < calls && faults.length === 0; i++) {
    const player = board.players.at(Math.floor(Math.random() * board.players.count));
    const startedAt = performance.now();
    try {
      await board.call(operation, player);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      faults.push(error.message);
    }
    latenciesMs[i] = performance.now() - startedAt;
  }
  const after = await readServerCost(board.admin);
  const cpuUs = (after.cpuUs - before.cpuUs) / calls;
  return { latenciesMs, cpuUs, scriptUs: (after.scriptUs - before.scriptUs) / calls, faults };
}
