import { commaList } from "shared/service/config";
import { z } from "zod";
import { flag, seconds, whole } from "../harness/options.ts";
import { ROW_NAMES } from "../harness/row.ts";
import type { Run } from "../harness/run-bench.ts";

export const HELP = `Compares this with what Redis, PostgreSQL, nginx and Bun can do by themselves: each figure beside that of a yardstick,
measured in turns on this machine. Starts a Redis, a PostgreSQL, the services and nginx, and removes them. wrk sends the
requests.

  bun run bench [options]       all rows take some 10 minutes and 3 GB of memory
  bun run bench growth          what a call and a player cost as the board grows (--help says more)
  bun run bench live            how many viewers of a live board one ranker serves (--help says more)

  --only A,B       rows: ${ROW_NAMES.join(" ")}
  --rounds N       in each of which all loads take turns  5
  --seconds N      of each load in each round             3
  --connections N  of wrk and of redis-benchmark          64
  --players N      that write, each with a token          2000
  --entries N      on the board, as 1000000 or 1e6        1e6
  --events N       queued for the drainer                 200000
  --writes N       a second, beside reads                 100
  --json           one JSON object instead of tables
  --help           shows this
`;

const rowNames = commaList
  .refine((names) => names.length > 0 && names.every((name) => ROW_NAMES.some((row) => row === name)), {
    message: `must be some of: ${ROW_NAMES.join(", ")}`,
  })
  .transform((names) => ROW_NAMES.filter((row) => names.includes(row)));

export const ratiosFields = z
  .object({
    only: rowNames.prefault(ROW_NAMES.join()),
    rounds: whole(1, 100).prefault("5"),
    connections: whole(1, 1_000).prefault("64"),
    players: whole(1, 20_000).prefault("2000"),
    entries: whole(1_000, 1e8).prefault("1e6"),
    events: whole(100, 1e7).prefault("200000"),
    writes: whole(0, 1_000).prefault("100"),
    seconds: seconds(0.1, 600).prefault("3"),
    json: flag,
  })
  .refine(({ players, entries }) => !(players > entries), {
    path: ["players"],
    message: "must not be more than --entries",
  });

export type RatiosOptions = z.output<typeof ratiosFields>;

/** What a row needs to be measured. */
export interface RowRun extends Run {
  options: RatiosOptions;
  /** Called with the faults before something is measured again. */
  repeat(text: string): void;
}
