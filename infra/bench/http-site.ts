import type { BoardUnderLoad } from "./board-under-load.ts";
import type { BenchService } from "./services.ts";

export interface HttpSite {
  readonly dir: string;
  readonly board: BoardUnderLoad;
  readonly ranker: BenchService;
  /** Absent where it was not asked for, or is not installed. */
  readonly gateway?: BenchService | undefined;
  readonly nginx?: BenchService | undefined;
}

export interface HttpSettings {
  connections: number;
  seconds: number;
  rounds: number;
  /** Submits a second beside reads: a board that nobody writes to would be no board. */
  writesPerSecond: number;
}
