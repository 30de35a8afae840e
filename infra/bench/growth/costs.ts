import { Problem } from "shared/api/problems";
import { readServerCost } from "testing/redis/server-cost";
import { measureInRounds, warmUp } from "../harness/rounds.ts";
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
  /**
   * CPU time of Redis, and time in its scripts, of all shards, in microseconds, in quiet rounds.
   */
  cpuUs: number;
  scriptUs: number;
}

// Other work on the machine can only add to a cost, so the quietest quarter of the rounds is
// nearest to the truth.
const QUIET_PERCENT = 25;

/**
 * Calls one after another, for random players, on all boards in turn.
 *
 * @throws Error for calls that fail repeatedly
 */
export async function measureCalls(
  boards: readonly GrowthBoard[],
  { calls, rounds, say }: { calls: number; rounds: number; say(text: string): void },
): Promise<CallCost[]> {
  const cells = OPERATIONS.flatMap((operation) =>
    boards.map((board) => ({
      name: operation,
      operation,
      board,
      measure: () => measureRound(board, board.calls[operation], calls),
    })),
  );
  await warmUp(cells, say);
  // Faulty rounds are repeated; those that remain are refused below.
  const measured = await measureInRounds(cells, { rounds, what: "timing", say, onRepeat: () => {} });
  return [...measured].map(([{ operation, board }, ofCell]) => {
    const entries = board.players.count;
    const fault = ofCell.flatMap(({ faults }) => faults)[0];
    if (fault !== undefined) throw new Error(`${operation} on ${entries} entries failed: ${fault}`);
    const latencies = ofCell.flatMap(({ latenciesMs }) => latenciesMs);
    const quiet = (figures: number[]) => percentile(figures, QUIET_PERCENT);
    return {
      entries,
      shards: board.shards,
      operation,
      medianMs: median(latencies),
      p99Ms: percentile(latencies, 99),
      quietMs: quiet(ofCell.map(({ latenciesMs }) => median(latenciesMs))),
      cpuUs: quiet(ofCell.map(({ cpuUs }) => cpuUs)),
      scriptUs: quiet(ofCell.map(({ scriptUs }) => scriptUs)),
    };
  });
}

async function measureRound(
  { admin, players, ready }: GrowthBoard,
  call: GrowthBoard["calls"][Operation],
  calls: number,
) {
  await ready();
  const latenciesMs: number[] = [];
  const faults: string[] = [];
  const before = await readServerCost(admin);
  while (latenciesMs.length < calls && faults.length === 0) {
    const player = players.at(Math.floor(Math.random() * players.count));
    const startedAt = performance.now();
    await call(player).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      faults.push(error.message);
    });
    latenciesMs.push(performance.now() - startedAt);
  }
  const after = await readServerCost(admin);
  const cpuUs = (after.cpuUs - before.cpuUs) / calls;
  return { latenciesMs, cpuUs, scriptUs: (after.scriptUs - before.scriptUs) / calls, faults };
}
